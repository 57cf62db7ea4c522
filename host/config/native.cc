// SPDX-License-Identifier: Apache-2.0
#include "config/native.h"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "config/address.h"
#include "config/limits.h"
#include "config/native_proxy.h"
#include "config/reader.h"
#include "config/whole.h"

namespace myelin {
namespace {

constexpr uint32_t kMaxWorkers = 1024;
constexpr uint64_t kMaxLogFile = 1ULL << 40;

class NativeReader {
 public:
  NativeReader(const Node& root, Diagnostics& diagnostics)
      : root_(root), diagnostics_(diagnostics), map_(&root, "", diagnostics) {}

  Config Read() {
    ReadWorkers();
    ProxyDefaults defaults;
    defaults.pump = ReadPump(map_, PumpKind::kFrame, DefaultOrigin());
    defaults.access_log = map_.Flag("access_log", false);
    const Node* pump = root_.Find("pump");
    const Node* access_log = root_.Find("access_log");
    defaults.pump_origin = pump == nullptr ? DefaultOrigin() : pump->origin;
    defaults.access_log_origin = access_log == nullptr ? DefaultOrigin() : access_log->origin;
    defaults.guards = ReadFileGuards(map_, config_.crash_file);
    ReadPluginDirs();
    ReadAdmin();
    ReadLog();
    config_.drain_timeout = map_.Time("drain_timeout", config_.drain_timeout, {0s, std::chrono::hours(24)});
    config_.max_generations = map_.Whole("max_generations", config_.max_generations, 1, 100'000);
    config_.limits = ReadHostLimits(map_, defaults.limits);
    defaults.limits_node = root_.Find("limits");
    ReadProxies(defaults);
    map_.Finish();
    return std::move(config_);
  }

  Node TakeEffective() { return map_.TakeEffective(); }

 private:
  void ReadWorkers() {
    const Node* node = root_.Find("workers");
    const bool is_auto = node == nullptr || (node->IsScalar() && node->scalar == "auto");
    if (!is_auto) {
      config_.workers = map_.Whole("workers", 0, 1, kMaxWorkers);
      return;
    }
    map_.Find("workers");
    map_.Note("workers", Node::Scalar("auto", node == nullptr ? DefaultOrigin() : node->origin));
  }

  void ReadPluginDirs() {
    Node list = Node::List(DefaultOrigin());
    for (const Node* item : OneOrMany(map_.Find("plugin_dirs"))) {
      if (ExpectScalar(*item, "plugin_dirs", "folders", diagnostics_) == nullptr) continue;
      if (item->scalar.empty()) {
        diagnostics_.Error(item->origin, "plugin_dirs has an empty entry; accepted: folders");
        continue;
      }
      config_.plugin_dirs.push_back(item->scalar);
      list.items.push_back(*item);
    }
    map_.Note("plugin_dirs", std::move(list));
  }

  // `admin: {listen: ADDRESS}`, or the address alone.
  void ReadAdmin() {
    const Node* node = map_.Find("admin");
    if (node != nullptr && node->IsScalar()) {
      Node effective = Node::Map(node->origin);
      effective.Set("listen", *node);
      CheckAdmin(*node, "admin", effective);
      map_.Note("admin", std::move(effective));
      return;
    }
    MapReader admin(node, "admin", diagnostics_);
    admin.Text("listen", "");
    admin.Finish();
    Node effective = admin.TakeEffective();
    const Node* listen = node == nullptr ? nullptr : node->Find("listen");
    if (listen != nullptr && listen->IsScalar()) CheckAdmin(*listen, "admin.listen", effective);
    map_.Note("admin", std::move(effective));
  }

  // Whoever reaches the admin listener can swap policies, so a host left out is this machine only.
  void CheckAdmin(const Node& node, const std::string& path, Node& effective) {
    if (node.scalar.empty()) return;
    std::string problem;
    const std::optional<Address> address = ParseAddress(node.scalar, AddressUse::kListen, problem);
    if (!address || address->is_unix) {
      diagnostics_.Error(node.origin, WrongValue(path, node.scalar, address ? "is a unix socket" : problem,
                                                 "host:port, or :port for 127.0.0.1"));
      return;
    }
    config_.admin_listen = (node.scalar.front() == ':' ? "127.0.0.1" : "") + node.scalar;
    effective.Set("listen", Node::Scalar(config_.admin_listen, node.origin));
  }

  void ReadLog() {
    constexpr std::array<std::string_view, 7> kLevels{"trace", "debug", "info", "warning", "error", "critical", "off"};
    constexpr std::array<std::string_view, 2> kFormats{"text", "json"};
    MapReader log(map_.Find("log"), "log", diagnostics_);
    config_.log.level = log.Choice("level", config_.log.level, kLevels);
    config_.log.format = log.Choice("format", config_.log.format, kFormats);
    config_.log.file = log.Text("file", "");
    config_.log.rotate = log.Time("rotate", config_.log.rotate);
    config_.log.keep = log.Time("keep", config_.log.keep);
    config_.log.max_size = log.Bytes("max_size", config_.log.max_size, kMaxLogFile);
    log.Finish();
    map_.Note("log", log.TakeEffective());
  }

  void ReadProxies(const ProxyDefaults& defaults) {
    const Node* node = map_.Find("proxies");
    Node list = Node::List(node == nullptr ? DefaultOrigin() : node->origin);
    if (node == nullptr || (node->IsList() ? node->items.empty() : node->IsNull())) {
      const Origin& origin = node == nullptr ? root_.origin : node->origin;
      if (root_.IsMap()) diagnostics_.Error(origin, "proxies names no proxy; accepted: a list with at least one");
    } else if (!node->IsList()) {
      diagnostics_.Error(node->origin, "proxies is no list; accepted: a list, each proxy beginning with `- name:`");
    } else {
      for (size_t i = 0; i < node->items.size(); ++i) {
        Node effective;
        config_.proxies.push_back(ReadProxy(node->items[i], i, defaults, diagnostics_, effective));
        list.items.push_back(std::move(effective));
      }
    }
    map_.Note("proxies", std::move(list));
  }

  const Node& root_;
  Diagnostics& diagnostics_;
  MapReader map_;
  Config config_;
};

}  // namespace

Config ReadNative(const Node& root, Diagnostics& diagnostics, Node& effective) {
  NativeReader reader(root, diagnostics);
  Config config = reader.Read();
  effective = reader.TakeEffective();
  CheckWholeConfig(config, root, diagnostics);
  return config;
}

}  // namespace myelin
