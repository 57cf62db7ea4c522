// SPDX-License-Identifier: Apache-2.0
#include "config/whole.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/address.h"
#include "config/reader.h"

namespace myelin {
namespace {

// Below this most gRPC servers answer GOAWAY too_many_pings (gRFC A8 has the client's side of it).
constexpr Duration kShortestKindKeepalive = 10s;

class WholeCheck {
 public:
  WholeCheck(const Config& config, const Node& root, Diagnostics& diagnostics)
      : config_(config), root_(root), diagnostics_(diagnostics) {}

  void Run() {
    CheckNames();
    CheckListens();
    for (const ProxyConfig& proxy : config_.proxies) {
      CheckRoutes(proxy);
      CheckEndpoints(proxy);
      CheckKeepalive(proxy);
    }
    CheckReachable();
  }

 private:
  void CheckNames() {
    for (size_t i = 0; i < config_.proxies.size(); ++i) {
      const std::string& name = config_.proxies[i].name;
      if (name.empty()) continue;
      const Origin origin = NameOrigin(i);
      const auto [first, is_new] = names_.emplace(name, origin);
      if (is_new) {
        spellings_.push_back(name);
        continue;
      }
      diagnostics_.Error(origin, "proxy " + Quoted(name) + " is there twice, first at " + first->second.ToString() +
                                     "; accepted: a name of its own");
    }
  }

  Origin NameOrigin(size_t index) const {
    const Node* name = root_.Find("proxies")->items[index].Find("name");
    return name == nullptr ? config_.proxies[index].origin : name->origin;
  }

  // By port, so that a file of many thousands of proxies is not compared pair by pair.
  void CheckListens() {
    struct Seen {
      Address address;
      Origin origin;
    };
    std::multimap<std::string, Seen> taken;
    auto take = [&](const std::string& text, const Origin& origin) {
      std::string problem;
      const std::optional<Address> address = ParseAddress(text, AddressUse::kListen, problem);
      if (!address) return;
      const std::string key = address->is_unix ? address->host : std::to_string(address->port);
      const auto [begin, end] = taken.equal_range(key);
      const auto clash = std::find_if(begin, end, [&](const auto& x) { return Collide(x.second.address, *address); });
      if (clash != end) {
        diagnostics_.Error(origin, "listen address " + Quoted(text) + " is taken, first at " +
                                       clash->second.origin.ToString() + "; accepted: an address of its own");
      }
      if (clash == end) taken.emplace(key, Seen{*address, origin});
    };
    for (const ProxyConfig& proxy : config_.proxies) {
      for (const ListenConfig& listen : proxy.listen) take(listen.address, listen.origin);
    }
    if (!config_.admin_listen.empty()) take(config_.admin_listen, AdminOrigin());
  }

  Origin AdminOrigin() const {
    const Node* admin = root_.Find("admin");
    const Node* listen = admin->Find("listen");
    return listen == nullptr ? admin->origin : listen->origin;
  }

  void CheckRoutes(const ProxyConfig& proxy) {
    const RouteConfig* catch_all = nullptr;
    for (const RouteConfig& route : proxy.routes) {
      if (!route.to.empty() && names_.find(route.to) == names_.end()) {
        diagnostics_.Error(route.origin, "route to " + Quoted(route.to) + ", which is no proxy; accepted: " +
                                             OneOf(spellings_) + DidYouMean(route.to, spellings_));
      }
      if (catch_all != nullptr) {
        diagnostics_.Warning(route.origin, "no call comes to this route: the one at " + catch_all->origin.ToString() +
                                               " has no condition and takes all");
      }
      const bool unconditional = route.metadata.empty() && route.service.empty() && route.method.empty();
      if (unconditional && catch_all == nullptr) catch_all = &route;
      routed_to_.insert(route.to);
    }
  }

  void CheckEndpoints(const ProxyConfig& proxy) {
    std::map<std::string_view, const EndpointConfig*> seen;
    for (const EndpointConfig& endpoint : proxy.endpoints) {
      const auto [first, is_new] = seen.emplace(endpoint.address, &endpoint);
      if (!is_new) {
        diagnostics_.Warning(endpoint.origin, "endpoint " + Quoted(endpoint.address) + " is there twice, first at " +
                                                  first->second->origin.ToString() +
                                                  "; both are kept, each with its weight and connections");
      }
      if (!endpoint.address.starts_with("unix:") && endpoint.address.find('*') != std::string::npos) {
        diagnostics_.Warning(endpoint.origin, "endpoint " + Quoted(endpoint.address) +
                                                  " has a '*' in its host and can never be reached");
      }
    }
    const bool all_zero = std::all_of(proxy.endpoints.begin(), proxy.endpoints.end(),
                                      [](const EndpointConfig& endpoint) { return endpoint.weight == 0; });
    if (!proxy.endpoints.empty() && all_zero) {
      diagnostics_.Warning(proxy.endpoints.front().origin,
                           "every endpoint of proxy " + Quoted(proxy.name) + " has weight 0 and gets no call");
    }
  }

  void CheckKeepalive(const ProxyConfig& proxy) {
    if (proxy.keepalive.time == Duration::zero() || proxy.keepalive.time >= kShortestKindKeepalive) return;
    const size_t index = static_cast<size_t>(&proxy - config_.proxies.data());
    const Node* node = root_.Find("proxies")->items[index].Find("keepalive");
    const Node* time = node == nullptr ? nullptr : node->Find("time");
    diagnostics_.Warning(time == nullptr ? proxy.origin : time->origin,
                         "keepalive every " + FormatDuration(proxy.keepalive.time) + " in proxy " + Quoted(proxy.name) +
                             ": most gRPC servers answer too_many_pings below 10s; kept, and lengthened when one does");
  }

  void CheckReachable() {
    for (size_t i = 0; i < config_.proxies.size(); ++i) {
      const ProxyConfig& proxy = config_.proxies[i];
      const Node& node = root_.Find("proxies")->items[i];
      const Node* listen = node.Find("listen");
      const bool tried = listen != nullptr && !OneOrMany(listen).empty();
      if (!node.IsMap() || tried || !proxy.listen.empty() || routed_to_.count(proxy.name) > 0) continue;
      diagnostics_.Error(listen == nullptr ? proxy.origin : listen->origin,
                         "proxy " + Quoted(proxy.name) + " has no listen address and no route leads to it; accepted: " +
                             std::string(AcceptedAddress(AddressUse::kListen)));
    }
  }

  const Config& config_;
  const Node& root_;
  Diagnostics& diagnostics_;
  std::map<std::string, Origin> names_;
  std::vector<std::string_view> spellings_;
  std::set<std::string> routed_to_;
};

}  // namespace

void CheckWholeConfig(const Config& config, const Node& root, Diagnostics& diagnostics) {
  WholeCheck(config, root, diagnostics).Run();
}

}  // namespace myelin
