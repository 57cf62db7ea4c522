// SPDX-License-Identifier: Apache-2.0
#include "proxy/config_diff.h"

#include <algorithm>
#include <tuple>

namespace myelin {
namespace {

auto Parts(const EndpointConfig& endpoint) {
  return std::tie(endpoint.address, endpoint.weight, endpoint.priority, endpoint.locality, endpoint.metadata);
}
auto Parts(const RouteConfig& route) { return std::tie(route.metadata, route.service, route.method, route.to); }
auto Parts(const ListenConfig& listen) { return std::tie(listen.address); }

template <typename Item>
bool Same(const std::vector<Item>& a, const std::vector<Item>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Item& left, const Item& right) { return Parts(left) == Parts(right); });
}

bool SameTrial(const TrialConfig* a, const TrialConfig* b);

bool SamePolicy(const PolicyConfig& a, const PolicyConfig& b) {
  return a.name == b.name && SameValue(a.options, b.options) && SameTrial(a.trial.get(), b.trial.get());
}

bool SameTrial(const TrialConfig* a, const TrialConfig* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->rules == b->rules && SamePolicy(a->policy, b->policy);
}

std::string Described(const PolicyConfig& policy) {
  if (!policy.trial) return policy.name;
  const bool shadow = policy.trial->rules.kind == TrialKind::kShadow;
  return policy.name + (shadow ? " with shadow " : " with canary ") + policy.trial->policy.name;
}

bool SameLimiters(const ProxyConfig& a, const ProxyConfig& b) {
  return std::equal(a.limiters.begin(), a.limiters.end(), b.limiters.begin(), b.limiters.end(), SamePolicy);
}

bool SameTimes(const ProxyConfig& a, const ProxyConfig& b) {
  const auto parts = [](const ProxyConfig& config) {
    return std::tie(config.timeouts.connect, config.timeouts.request, config.timeouts.stream_idle,
                    config.timeouts.queue, config.backoff.base, config.backoff.max, config.backoff.jitter,
                    config.keepalive.time, config.keepalive.timeout, config.dns_refresh, config.limits.max_queued);
  };
  return parts(a) == parts(b);
}

bool Has(const std::vector<EndpointConfig>& endpoints, const std::string& address) {
  return std::any_of(endpoints.begin(), endpoints.end(), [&](const auto& each) { return each.address == address; });
}

std::string EndpointChange(const std::vector<EndpointConfig>& from, const std::vector<EndpointConfig>& to) {
  const auto added = std::count_if(to.begin(), to.end(), [&](const auto& each) { return !Has(from, each.address); });
  const auto removed =
      std::count_if(from.begin(), from.end(), [&](const auto& each) { return !Has(to, each.address); });
  if (added == 0 && removed == 0) return "endpoints' weights or attributes";
  return "endpoints +" + std::to_string(added) + " -" + std::to_string(removed);
}

std::string Names(const std::vector<PolicyConfig>& policies) {
  std::string names;
  for (const PolicyConfig& policy : policies) names += " " + Described(policy);
  return names.empty() ? " none" : names;
}

}  // namespace

bool SameEndpoints(const std::vector<EndpointConfig>& a, const std::vector<EndpointConfig>& b) { return Same(a, b); }

bool SameListen(const ProxyConfig& a, const ProxyConfig& b) { return Same(a.listen, b.listen); }

bool SameListenLimits(const ProxyConfig& a, const ProxyConfig& b) {
  return a.limits.max_connections == b.limits.max_connections && a.limits.max_streams == b.limits.max_streams;
}

bool ListenApart(const ProxyConfig& a, const ProxyConfig& b) {
  return std::none_of(a.listen.begin(), a.listen.end(), [&](const ListenConfig& listen) {
    return std::any_of(b.listen.begin(), b.listen.end(),
                       [&](const auto& each) { return Parts(each) == Parts(listen); });
  });
}

std::string DescribeChange(const ProxyConfig& from, const ProxyConfig& to) {
  std::vector<std::string> changes;
  if (!SameListen(from, to)) changes.push_back("listen");
  if (!SameEndpoints(from.endpoints, to.endpoints)) changes.push_back(EndpointChange(from.endpoints, to.endpoints));
  if (!SamePolicy(from.balancer, to.balancer)) changes.push_back("balancer " + Described(to.balancer));
  if (!SamePolicy(from.pool, to.pool)) changes.push_back("pool " + to.pool.name);
  if (!SameLimiters(from, to)) changes.push_back("limiters" + Names(to.limiters));
  if (!SameTimes(from, to)) changes.push_back("timeouts");
  if (!Same(from.routes, to.routes)) changes.push_back("routes");
  if (!(from.guards == to.guards)) changes.push_back("guards");
  if (from.access_log != to.access_log) changes.push_back(to.access_log ? "access log on" : "access log off");
  std::string text;
  for (const std::string& change : changes) text += (text.empty() ? "" : ", ") + change;
  return text;
}

}  // namespace myelin
