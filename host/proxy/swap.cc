// SPDX-License-Identifier: Apache-2.0
//
// The part of Generation that replaces policies of a proxy that serves.
#include <algorithm>

#include "proxy/generation.h"
#include "proxy/on_control.h"

namespace myelin {
namespace {

std::string LimitersOf(const ProxyPolicies& policies) {
  std::string names;
  for (const auto& limiter : policies.limiters) names += (names.empty() ? "" : ", ") + limiter->handle().name;
  return names.empty() ? "it has none" : "it has " + names;
}

std::shared_ptr<const TrialConfig> Tried(const PolicyConfig& policy, const TrialRules& rules) {
  return std::make_shared<const TrialConfig>(TrialConfig{policy, rules});
}

/// Puts `limiter` in the place of the one that has its name, or beside it.
void Place(const PolicyConfig& limiter, const std::string& name, const std::optional<TrialRules>& trial,
           const Proxy& proxy, ProxyConfig& next, Renewed& renewed, Diagnostics& diagnostics) {
  const ProxyPolicies running = proxy.policies();
  const auto found = std::find_if(running.limiters.begin(), running.limiters.end(),
                                  [&](const auto& each) { return each->handle().name == name; });
  if (found == running.limiters.end()) {
    diagnostics.Error(limiter.origin, "proxy '" + proxy.name() + "' has no limiter '" + name + "' to replace; " +
                                          LimitersOf(running) + ". A reload adds and removes limiters");
    return;
  }
  const auto place = static_cast<size_t>(found - running.limiters.begin());
  if (trial) {
    next.limiters[place].trial = Tried(limiter, *trial);
    return;
  }
  next.limiters[place] = limiter;
  renewed.limiters[place] = true;
}

}  // namespace

bool Generation::Swap(const PolicySwap& swap, Diagnostics& diagnostics) {
  bool done = false;
  OnControl(environment_.control, [&] { done = SwapOnControl(swap, diagnostics); });
  return done;
}

bool Generation::SwapOnControl(const PolicySwap& swap, Diagnostics& diagnostics) {
  if (draining_) {
    diagnostics.Error(Origin{"swap"}, "myelin is draining");
    return false;
  }
  Proxy* proxy = Find(swap.proxy);
  if (proxy == nullptr) {
    std::string names;
    for (const auto& each : proxies_) names += (names.empty() ? "" : ", ") + each->name();
    diagnostics.Error(Origin{"--proxy"}, "there is no proxy '" + swap.proxy + "'; there is " + names);
    return false;
  }
  ProxyConfig next = proxy->config();
  Renewed renewed{swap.balancer && !swap.trial, swap.pool.has_value(), std::vector<bool>(next.limiters.size()),
                  swap.trial.has_value()};
  if (swap.balancer && swap.trial) next.balancer.trial = Tried(*swap.balancer, *swap.trial);
  if (swap.balancer && !swap.trial) next.balancer = *swap.balancer;
  if (swap.pool) next.pool = *swap.pool;
  for (const PolicyConfig& limiter : swap.limiters) {
    const PolicyHandle* handle =
        environment_.catalog.Find(PolicyKind::kLimiter, limiter.name, limiter.origin, diagnostics, limiter.hash);
    if (handle != nullptr) Place(limiter, handle->name, swap.trial, *proxy, next, renewed, diagnostics);
  }
  if (diagnostics.HasErrors()) return false;
  ForgetCrashes(PolicyKind::kBalancer, swap.balancer);
  ForgetCrashes(PolicyKind::kPool, swap.pool);
  for (const PolicyConfig& limiter : swap.limiters) ForgetCrashes(PolicyKind::kLimiter, limiter);
  const auto change = Prepare(*proxy, next, renewed, diagnostics);
  if (!change) return false;
  proxy->Commit(std::move(*change));
  ++number_;
  ++swaps_;
  return true;
}

// Whoever swaps a policy in means it, whatever it did before.
void Generation::ForgetCrashes(PolicyKind kind, const std::optional<PolicyConfig>& policy) {
  if (!policy || environment_.crashes == nullptr) return;
  Diagnostics ignored;
  const PolicyHandle* handle = environment_.catalog.Find(kind, policy->name, policy->origin, ignored, policy->hash);
  if (handle != nullptr) environment_.crashes->Forget(std::string(PolicyKindName(kind)), handle->name);
}

std::unique_ptr<ProxyChange> Generation::Prepare(Proxy& proxy, const ProxyConfig& next, const Renewed& renewed,
                                                 Diagnostics& diagnostics) {
  MetadataKeys keys = proxy.keys();
  Diagnostics found;
  const ProxyPolicies policies = ReplacePolicies(next, proxy.config(), proxy.policies(), renewed, environment_.catalog,
                                                 EnvironmentOf(next, keys), found);
  diagnostics.Append(found);
  return found.HasErrors() ? nullptr : proxy.Prepare(next, policies, std::move(keys), diagnostics);
}

}  // namespace myelin
