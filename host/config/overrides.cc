// SPDX-License-Identifier: Apache-2.0
#include "config/overrides.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "config/policy_text.h"
#include "config/set_path.h"

namespace myelin {
namespace {

constexpr std::array<std::string_view, 6> kProxyFlags{"--listen", "--endpoint", "--balancer",
                                                      "--pool",   "--limiter",  "--pump"};
constexpr std::array<std::string_view, 12> kAllFlags{"--set",   "--listen",    "--endpoint",   "--balancer",
                                                     "--pool",  "--limiter",   "--pump",       "--workers",
                                                     "--admin", "--log-level", "--plugin-dir", "--drain-timeout"};

class OverrideWriter {
 public:
  OverrideWriter(bool has_file, Node& root, Diagnostics& diagnostics)
      : has_file_(has_file), root_(root), diagnostics_(diagnostics) {}

  void Apply(const Override& change) {
    if (change.flag == "--set") {
      ApplySet(change.value, root_, diagnostics_);
    } else if (IsProxyFlag(change.flag)) {
      if (Node* proxy = OnlyProxy(change)) ApplyToProxy(change, *proxy);
    } else {
      ApplyToHost(change);
    }
  }

 private:
  static Node Value(const Override& change) { return Node::Scalar(change.value, Origin{change.flag, 0, 0}); }

  void ApplyToHost(const Override& change) {
    if (change.flag == "--workers") root_.Set("workers", Value(change));
    if (change.flag == "--drain-timeout") root_.Set("drain_timeout", Value(change));
    if (change.flag == "--plugin-dir") Append(change, "plugin_dirs", Value(change), root_);
    if (change.flag == "--admin") SetIn("admin", "listen", Value(change));
    if (change.flag == "--log-level") SetIn("log", "level", Value(change));
  }

  void SetIn(const char* group, const char* key, Node value) {
    Node* map = root_.Find(group);
    if (map == nullptr || !map->IsMap()) map = &root_.Set(group, Node::Map(value.origin));
    map->Set(key, std::move(value));
  }

  void ApplyToProxy(const Override& change, Node& proxy) {
    if (change.flag == "--listen") Append(change, "listen", Value(change), proxy);
    if (change.flag == "--endpoint") Append(change, "endpoints", Value(change), proxy);
    if (change.flag == "--pump") proxy.Set("pump", Value(change));
    const bool is_policy = change.flag == "--balancer" || change.flag == "--pool" || change.flag == "--limiter";
    if (!is_policy) return;
    std::optional<Node> policy = ParsePolicyFlag(change.value, change.flag, diagnostics_);
    if (!policy) return;
    if (change.flag == "--limiter") {
      Append(change, "limiters", std::move(*policy), proxy);
    } else {
      proxy.Set(change.flag.substr(2), std::move(*policy));
    }
  }

  // The first use of a flag replaces what the file says, the next ones add to it.
  void Append(const Override& change, const char* key, Node value, Node& map) {
    Node* list = map.Find(key);
    if (!used_.insert(change.flag).second && list != nullptr && list->IsList()) {
      list->items.push_back(std::move(value));
      return;
    }
    Node fresh = Node::List(value.origin);
    fresh.items.push_back(std::move(value));
    map.Set(key, std::move(fresh));
  }

  Node* OnlyProxy(const Override& change) {
    const Origin origin{change.flag, 0, 0};
    Node* proxies = root_.Find("proxies");
    if (proxies == nullptr && !has_file_) {
      Node proxy = Node::Map(origin);
      proxy.Set("name", Node::Scalar("default", Origin{"default", 0, 0}));
      Node list = Node::List(origin);
      list.items.push_back(std::move(proxy));
      proxies = &root_.Set("proxies", std::move(list));
    }
    // A file without proxies is reported by who reads the tree.
    if (proxies == nullptr || !proxies->IsList() || proxies->items.empty()) return nullptr;
    if (proxies->items.size() == 1 && proxies->items[0].IsMap()) return &proxies->items[0];
    diagnostics_.Error(origin, change.flag + " is ambiguous, as the file has " + std::to_string(proxies->items.size()) +
                                   " proxies; accepted: --set proxies.NAME.KEY=VALUE");
    return nullptr;
  }

  bool has_file_;
  Node& root_;
  Diagnostics& diagnostics_;
  std::set<std::string> used_;
};

}  // namespace

std::span<const std::string_view> OverrideFlags() { return kAllFlags; }

bool IsProxyFlag(std::string_view flag) {
  return std::find(kProxyFlags.begin(), kProxyFlags.end(), flag) != kProxyFlags.end();
}

void ApplyOverrides(const std::vector<Override>& overrides, bool has_file, Node& root, Diagnostics& diagnostics) {
  OverrideWriter writer(has_file, root, diagnostics);
  for (const Override& change : overrides) writer.Apply(change);
}

}  // namespace myelin
