// SPDX-License-Identifier: Apache-2.0
#include "config/legacy.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "config/legacy_proxy.h"
#include "config/legacy_reader.h"
#include "config/reader.h"

namespace myelin {
namespace {

constexpr std::array<std::string_view, 7> kHostKeys{"RUN_MODE",         "HTTP_DEBUG_MODE",  "HTTP_TIME_DURATION",
                                                    "LOG_LEVEL",        "HTTP_SERVER_PORT", "LOG_MAX_AGE",
                                                    "LOG_ROTATION_TIME"};

// The original's names (zap's) that have another name here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kLevelAliases{
    {{"warn", "warning"}, {"dpanic", "critical"}, {"panic", "critical"}, {"fatal", "critical"}}};

class LegacyMapper {
 public:
  LegacyMapper(const Node& root, Diagnostics& diagnostics) : root_(root), diagnostics_(diagnostics) {
    result_.native = Node::Map(root.origin);
  }

  LegacyResult Map(const Node* host) {
    LegacyReader top(root_, diagnostics_);
    const Node* proxy = top.Find("proxy");
    MapHost(top);
    top.Finish("the configuration");
    if (host != nullptr) {
      LegacyReader reader(*host, diagnostics_);
      MapHost(reader);
      reader.Finish("the configuration");
    }
    MapProxies(*proxy);
    return std::move(result_);
  }

 private:
  void MapHost(LegacyReader& reader) {
    // The web framework's mode and timer, neither of which has a counterpart.
    reader.Find("HTTP_DEBUG_MODE");
    reader.Find("HTTP_TIME_DURATION");
    if (const Node* port = reader.Scalar("HTTP_SERVER_PORT")) MapAdmin(*port);
    if (const Node* mode = reader.Scalar("RUN_MODE")) MapRunMode(*mode);
    if (const Node* level = reader.Scalar("LOG_LEVEL")) MapLevel(*level);
    const std::optional<Node> keep = reader.Time("LOG_MAX_AGE", "m");
    const std::optional<Node> rotate = reader.Time("LOG_ROTATION_TIME", "m");
    if (keep) Log().Set("keep", *keep);
    if (rotate) Log().Set("rotate", *rotate);
    if (keep || rotate) {
      diagnostics_.Warning((keep ? keep : rotate)->origin,
                           "LOG_MAX_AGE and LOG_ROTATION_TIME apply to a log file; name one with --set log.file=PATH");
    }
  }

  Node& Log() {
    if (Node* log = result_.native.Find("log")) return *log;
    return result_.native.Set("log", Node::Map(root_.origin));
  }

  void MapAdmin(const Node& port) {
    std::string text = port.scalar;
    if (text.starts_with(":")) text.erase(0, 1);
    const bool has_host = text.find(':') != std::string::npos;
    Node admin = Node::Map(port.origin);
    admin.Set("listen", Node::Scalar(has_host ? text : "127.0.0.1:" + text, port.origin));
    result_.native.Set("admin", std::move(admin));
    if (has_host) return;
    diagnostics_.Warning(port.origin,
                         "HTTP_SERVER_PORT listens on 127.0.0.1 only, as whoever reaches it can swap policies; "
                         "for health checks from elsewhere use --admin 0.0.0.0:" +
                             text);
  }

  void MapRunMode(const Node& mode) {
    constexpr std::array<std::string_view, 4> kPeople{"dev", "debug", "local", "test"};
    constexpr std::array<std::string_view, 5> kPrograms{"prod", "pro", "production", "release", "pre"};
    auto is_one_of = [&mode](const auto& words) {
      return std::any_of(words.begin(), words.end(), [&](auto word) { return EqualsIgnoringCase(word, mode.scalar); });
    };
    if (is_one_of(kPeople) || is_one_of(kPrograms)) {
      Log().Set("format", Node::Scalar(is_one_of(kPeople) ? "text" : "json", mode.origin));
      return;
    }
    diagnostics_.Warning(mode.origin,
                         WrongValue("RUN_MODE", mode.scalar, "is unknown and has no effect", "dev or prod"));
  }

  void MapLevel(const Node& level) {
    std::string name = level.scalar;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    for (const auto& [alias, native] : kLevelAliases) {
      if (name == alias) name = native;
    }
    Log().Set("level", Node::Scalar(name, level.origin));
  }

  void MapProxies(const Node& proxy) {
    LegacyReader reader(proxy, diagnostics_);
    std::string listen_host;
    if (const Node* setting = reader.Find("setting")) {
      LegacyReader settings(*setting, diagnostics_);
      if (const Node* host = settings.Scalar("LISTEN_PROXY_ADDR")) listen_host = host->scalar;
      settings.Finish("proxy.setting");
    }
    const Node* list = FindIgnoringCase(proxy, "proxy_list");
    reader.Find("proxy_list");
    reader.Finish("proxy");
    Node proxies = Node::List(list->origin);
    for (const Node* entry : OneOrMany(list)) {
      if (!entry->IsMap()) {
        diagnostics_.Error(entry->origin, "an entry of proxy_list is no map; accepted: `- PROXY_NAME: …`");
        continue;
      }
      std::optional<Node> mapped = MapLegacyProxy(*entry, listen_host, diagnostics_, result_.revived_keys);
      if (mapped) proxies.items.push_back(std::move(*mapped));
    }
    AddRoutes(proxies);
    result_.native.Set("proxies", std::move(proxies));
  }

  // The original chose by a call's `proxy` metadata, whichever port it came in by.
  static void AddRoutes(Node& proxies) {
    std::vector<Node> names;
    for (const Node& proxy : proxies.items) {
      const Node* name = proxy.Find("name");
      if (name != nullptr) names.push_back(*name);
    }
    for (Node& proxy : proxies.items) {
      const Node* own = proxy.Find("name");
      Node routes = Node::List(proxy.origin);
      for (const Node& name : names) {
        if (own != nullptr && own->scalar == name.scalar) continue;
        Node metadata = Node::Map(name.origin);
        metadata.Set("proxy", name);
        Node route = Node::Map(name.origin);
        route.Set("metadata", std::move(metadata));
        route.Set("to", name);
        routes.items.push_back(std::move(route));
      }
      if (!routes.items.empty()) proxy.Set("routes", std::move(routes));
    }
  }

  const Node& root_;
  Diagnostics& diagnostics_;
  LegacyResult result_;
};

}  // namespace

bool IsLegacyProxies(const Node& root) {
  const Node* proxy = FindIgnoringCase(root, "proxy");
  return proxy != nullptr && FindIgnoringCase(*proxy, "proxy_list") != nullptr;
}

bool IsLegacyHost(const Node& root) {
  if (IsLegacyProxies(root) || root.Find("proxies") != nullptr) return false;
  return std::any_of(kHostKeys.begin(), kHostKeys.end(),
                     [&root](std::string_view key) { return FindIgnoringCase(root, key) != nullptr; });
}

LegacyResult MapLegacy(const Node& proxies, const Node* host, Diagnostics& diagnostics) {
  return LegacyMapper(proxies, diagnostics).Map(host);
}

}  // namespace myelin
