// SPDX-License-Identifier: Apache-2.0
#include "config/native_proxy.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/address.h"
#include "config/endpoint_text.h"
#include "config/limits.h"
#include "config/policy_text.h"

namespace myelin {
namespace {

constexpr size_t kMaxNameBytes = 128;
constexpr DurationRange kCallRange{Duration::zero(), std::chrono::hours(24)};

bool IsPrintable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

// As --set names it: by its name where it has a usable one.
std::string PathOf(const Node& node, size_t index) {
  const Node* name = node.Find("name");
  const bool usable = name != nullptr && name->IsScalar() && !name->scalar.empty() &&
                      name->scalar.size() <= kMaxNameBytes && IsPrintable(name->scalar);
  return usable ? "proxies." + name->scalar : "proxies[" + std::to_string(index) + "]";
}

std::string ItemPath(const std::string& list, size_t index) { return list + "[" + std::to_string(index) + "]"; }

class ProxyReader {
 public:
  ProxyReader(const Node& node, size_t index, Diagnostics& diagnostics)
      : node_(node), diagnostics_(diagnostics), map_(&node, PathOf(node, index), diagnostics) {}

  ProxyConfig Read(const ProxyDefaults& defaults) {
    proxy_.origin = node_.origin;
    ReadName();
    ReadListen();
    ReadEndpoints();
    proxy_.balancer = OnePolicy("balancer", "random_weight", ReadPolicyWithTrial);
    proxy_.pool = OnePolicy("pool", "loose", ReadPolicy);
    ReadLimiters();
    ReadTimes();
    proxy_.limits = ReadProxyLimits(map_, defaults.limits, defaults.limits_node);
    ReadRoutes();
    proxy_.pump = ReadPump(map_, defaults.pump, defaults.pump_origin);
    proxy_.access_log = map_.Flag("access_log", defaults.access_log);
    if (node_.Find("access_log") == nullptr) {
      map_.Note("access_log", Node::Scalar(defaults.access_log ? "true" : "false", defaults.access_log_origin));
    }
    proxy_.guards = ReadProxyGuards(map_, defaults.guards);
    map_.Finish();
    return std::move(proxy_);
  }

  Node TakeEffective() { return map_.TakeEffective(); }

 private:
  void ReadName() {
    proxy_.name = map_.Text("name", "");
    const Node* name = node_.Find("name");
    if (name != nullptr && !name->IsScalar()) return;
    const Origin& origin = name == nullptr ? node_.origin : name->origin;
    if (proxy_.name.empty()) {
      diagnostics_.Error(origin, map_.Path("name") + " is missing; accepted: a name of its own");
    } else if (proxy_.name.size() > kMaxNameBytes || !IsPrintable(proxy_.name)) {
      diagnostics_.Error(origin,
                         WrongValue(map_.Path("name"), proxy_.name, "is no usable name", "up to 128 printable bytes"));
    }
  }

  void ReadListen() {
    Node list = Node::List(DefaultOrigin());
    for (const Node* item : OneOrMany(map_.Find("listen"))) {
      const std::string path = map_.Path("listen");
      if (ExpectScalar(*item, path, AcceptedAddress(AddressUse::kListen), diagnostics_) == nullptr) continue;
      std::string problem;
      if (!ParseAddress(item->scalar, AddressUse::kListen, problem)) {
        ReportListen(*item, path, problem);
        continue;
      }
      proxy_.listen.push_back({item->scalar, item->origin});
      list.items.push_back(*item);
    }
    map_.Note("listen", std::move(list));
  }

  void ReportListen(const Node& item, const std::string& path, const std::string& problem) {
    const std::optional<int64_t> port = ParseWhole(item.scalar);
    const std::string suggestion = port && *port >= 0 && *port <= 65535 ? ", did you mean ':" + item.scalar + "'?" : "";
    diagnostics_.Error(item.origin,
                       WrongValue(path, item.scalar, problem, AcceptedAddress(AddressUse::kListen)) + suggestion);
  }

  void ReadEndpoints() {
    const std::vector<const Node*> items = OneOrMany(map_.Find("endpoints"));
    if (items.empty() && !node_.IsScalar() && !node_.IsList()) {
      const Node* written = node_.Find("endpoints");
      diagnostics_.Error(written == nullptr ? node_.origin : written->origin,
                         map_.Path("endpoints") + " names no endpoint; accepted: a list of host:port#weight");
    }
    Node list = Node::List(DefaultOrigin());
    for (size_t i = 0; i < items.size(); ++i) {
      Node effective;
      std::optional<EndpointConfig> endpoint =
          ReadEndpoint(*items[i], ItemPath(map_.Path("endpoints"), i), diagnostics_, effective);
      if (endpoint) proxy_.endpoints.push_back(std::move(*endpoint));
      list.items.push_back(std::move(effective));
    }
    map_.Note("endpoints", std::move(list));
  }

  PolicyConfig OnePolicy(std::string_view key, std::string_view fallback, decltype(ReadPolicy)& read) {
    PolicyConfig policy{std::string(fallback), Node::Map(DefaultOrigin()), DefaultOrigin()};
    const Node* node = map_.Find(key);
    if (node != nullptr) policy = read(*node, map_.Path(key), diagnostics_).value_or(std::move(policy));
    map_.Note(key, PolicyToNode(policy));
    return policy;
  }

  void ReadLimiters() {
    Node list = Node::List(DefaultOrigin());
    const std::vector<const Node*> items = OneOrMany(map_.Find("limiters"));
    for (size_t i = 0; i < items.size(); ++i) {
      const std::string path = ItemPath(map_.Path("limiters"), i);
      std::optional<PolicyConfig> limiter = ReadPolicyWithTrial(*items[i], path, diagnostics_);
      if (!limiter) continue;
      list.items.push_back(PolicyToNode(*limiter));
      proxy_.limiters.push_back(std::move(*limiter));
    }
    map_.Note("limiters", std::move(list));
  }

  void ReadTimes() {
    MapReader timeouts(map_.Find("timeouts"), map_.Path("timeouts"), diagnostics_);
    proxy_.timeouts.connect = timeouts.Time("connect", proxy_.timeouts.connect, kCallRange);
    proxy_.timeouts.request = timeouts.Time("request", proxy_.timeouts.request);
    proxy_.timeouts.stream_idle = timeouts.Time("stream_idle", proxy_.timeouts.stream_idle);
    proxy_.timeouts.queue = timeouts.Time("queue", proxy_.timeouts.queue, kCallRange);
    timeouts.Finish();
    map_.Note("timeouts", timeouts.TakeEffective());
    ReadBackoff();
    MapReader keepalive(map_.Find("keepalive"), map_.Path("keepalive"), diagnostics_);
    proxy_.keepalive.time = keepalive.Time("time", proxy_.keepalive.time);
    proxy_.keepalive.timeout = keepalive.Time("timeout", proxy_.keepalive.timeout, {1ms, kCallRange.max});
    keepalive.Finish();
    map_.Note("keepalive", keepalive.TakeEffective());
    proxy_.dns_refresh = map_.Time("dns_refresh", proxy_.dns_refresh, {Duration::zero(), kCallRange.max});
  }

  void ReadBackoff() {
    MapReader backoff(map_.Find("backoff"), map_.Path("backoff"), diagnostics_);
    proxy_.backoff.base = backoff.Time("base", proxy_.backoff.base, {1ms, kCallRange.max});
    proxy_.backoff.max = backoff.Time("max", proxy_.backoff.max, {1ms, kCallRange.max});
    proxy_.backoff.jitter = backoff.Number("jitter", proxy_.backoff.jitter, 0, 1);
    backoff.Finish();
    if (proxy_.backoff.base > proxy_.backoff.max) {
      diagnostics_.Error(backoff.origin(), map_.Path("backoff") + ": base " + FormatDuration(proxy_.backoff.base) +
                                               " is longer than max " + FormatDuration(proxy_.backoff.max) +
                                               "; accepted: base up to max");
    }
    map_.Note("backoff", backoff.TakeEffective());
  }

  void ReadRoutes() {
    Node list = Node::List(DefaultOrigin());
    const std::vector<const Node*> items = OneOrMany(map_.Find("routes"));
    for (size_t i = 0; i < items.size(); ++i) {
      MapReader map(items[i], ItemPath(map_.Path("routes"), i), diagnostics_);
      RouteConfig route;
      route.origin = items[i]->origin;
      route.metadata = map.TextMap("metadata");
      route.service = map.Text("service", "");
      route.method = map.Text("method", "");
      route.to = map.Text("to", "");
      map.Finish();
      CheckRoute(*items[i], map, route);
      list.items.push_back(map.TakeEffective());
      proxy_.routes.push_back(std::move(route));
    }
    map_.Note("routes", std::move(list));
  }

  void CheckRoute(const Node& node, const MapReader& map, const RouteConfig& route) {
    if (route.to.empty() && node.IsMap() && (node.Find("to") == nullptr || node.Find("to")->IsScalar())) {
      diagnostics_.Error(node.origin, map.Path("to") + " is missing; accepted: a proxy's name");
    }
    for (const auto& [text, key] : {std::pair(&route.service, "service"), std::pair(&route.method, "method")}) {
      if (text->find('/') == std::string::npos) continue;
      diagnostics_.Error(node.Find(key)->origin,
                         WrongValue(map.Path(key), *text, "has a '/' in it", "service: shop.v1.Cart with method: Get"));
    }
    for (const auto& [name, value] : route.metadata) CheckMetadataName(node, map, name);
  }

  // HTTP/2 has lower-case names only (RFC 9113, 8.2.1), so another would never match.
  void CheckMetadataName(const Node& node, const MapReader& map, const std::string& name) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const bool fine = !lower.empty() && std::all_of(lower.begin(), lower.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    });
    if (fine && lower == name) return;
    diagnostics_.Error(node.Find("metadata")->origin,
                       WrongValue(map.Path("metadata"), name, "is no name of metadata", "lower-case a-z, 0-9, - _ .") +
                           (fine ? ", did you mean '" + lower + "'?" : ""));
  }

  const Node& node_;
  Diagnostics& diagnostics_;
  MapReader map_;
  ProxyConfig proxy_;
};

}  // namespace

PumpKind ReadPump(MapReader& map, PumpKind fallback, const Origin& fallback_origin) {
  constexpr std::array<std::string_view, 2> kPumps{"frame", "generic"};
  const bool given = map.Find("pump") != nullptr;
  const std::string name = map.Choice("pump", fallback == PumpKind::kFrame ? "frame" : "generic", kPumps);
  const PumpKind kind = name == "frame" ? PumpKind::kFrame : PumpKind::kGeneric;
  if (!given) map.Note("pump", Node::Scalar(name, fallback_origin));
  return kind;
}

ProxyConfig ReadProxy(const Node& node, size_t index, const ProxyDefaults& defaults, Diagnostics& diagnostics,
                      Node& effective) {
  ProxyReader reader(node, index, diagnostics);
  ProxyConfig proxy = reader.Read(defaults);
  effective = reader.TakeEffective();
  return proxy;
}

}  // namespace myelin
