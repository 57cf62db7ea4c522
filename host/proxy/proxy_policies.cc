// SPDX-License-Identifier: Apache-2.0
#include "proxy/proxy_policies.h"

#include <algorithm>

#include "policy/carry_over.h"

namespace myelin {
namespace {

/// A policy on its way from its configuration to its instance.
template <typename Functions>
struct Wanted {
  using Instance = PolicyInstance<Functions>;

  const PolicyConfig* config;
  const PolicyHandle* handle = nullptr;
  std::shared_ptr<Instance> instance;     // the running one, if it goes on
  std::shared_ptr<Instance> predecessor;  // whose state it gets
};

/// One that runs, and where it came from.
template <typename Functions>
struct Running {
  const PolicyConfig* config;
  std::shared_ptr<PolicyInstance<Functions>> instance;
  bool taken = false;
};

template <typename Functions>
constexpr PolicyKind kKind = PolicyKind::kBalancer;
template <>
constexpr PolicyKind kKind<myelin_pool> = PolicyKind::kPool;
template <>
constexpr PolicyKind kKind<myelin_limiter> = PolicyKind::kLimiter;

template <typename Functions>
Running<Functions>* Take(std::vector<Running<Functions>>& running, const auto& fits) {
  const auto found =
      std::find_if(running.begin(), running.end(), [&](const auto& each) { return !each.taken && fits(each); });
  if (found == running.end()) return nullptr;
  found->taken = true;
  return &*found;
}

class Creation {
 public:
  Creation(Catalog& catalog, const PolicyEnvironment& environment, Diagnostics& diagnostics)
      : catalog_(catalog), environment_(environment), diagnostics_(diagnostics) {}

  template <typename Functions>
  std::vector<Wanted<Functions>> Find(const std::vector<const PolicyConfig*>& configs,
                                      std::vector<Running<Functions>> running, const std::vector<bool>& renewed) {
    std::vector<Wanted<Functions>> all;
    for (size_t i = 0; i < configs.size(); ++i) {
      const PolicyConfig& config = *configs[i];
      const PolicyHandle* handle = renewed.empty() || renewed[i]
                                       ? catalog_.Find(kKind<Functions>, config.name, config.origin, diagnostics_)
                                       : &running[i].instance->handle();
      all.push_back({&config, handle, {}, {}});
    }
    for (auto& wanted : all) {
      const auto* same = Take(running, [&](const auto& each) {
        return &each.instance->handle() == wanted.handle && SameValue(each.config->options, wanted.config->options) &&
               each.instance->guard().settings() == environment_.guards;
      });
      if (same == nullptr) continue;
      wanted.instance = same->instance;
      const auto& slots = same->instance->metadata_slots();
      slots_.insert(slots_.end(), slots.begin(), slots.end());
    }
    for (auto& wanted : all) {
      if (wanted.instance || wanted.handle == nullptr) continue;
      const auto* same_name =
          Take(running, [&](const auto& each) { return each.instance->handle().name == wanted.handle->name; });
      if (same_name != nullptr) wanted.predecessor = same_name->instance;
    }
    return all;
  }

  /// Once all are found: metadata that only replaced ones wanted to see is looked up no more.
  void FreeSlots() { environment_.keys->KeepOnly(slots_); }

  template <typename Functions>
  std::shared_ptr<PolicyInstance<Functions>> Create(const Wanted<Functions>& wanted) {
    if (wanted.instance || wanted.handle == nullptr) return wanted.instance;
    CheckedOptions options;
    Node written = wanted.config->options;
    if (written.origin.source.empty()) written.origin = wanted.config->origin;
    if (!CheckOptions(wanted.handle->options, written, diagnostics_, options)) return nullptr;
    std::shared_ptr<PolicyInstance<Functions>> made =
        PolicyInstance<Functions>::Create(*wanted.handle, options, environment_, wanted.config->origin, diagnostics_);
    if (made && wanted.predecessor) HandOver(*wanted.predecessor, *made);
    return made;
  }

 private:
  template <typename Functions>
  void HandOver(PolicyInstance<Functions>& from, PolicyInstance<Functions>& to) {
    const std::string why = CarryOver(from, to);
    if (why.empty()) return;
    environment_.log->Info(environment_.proxy,
                           to.handle().name + " starts without the state of the one it replaces: " + why);
  }

  Catalog& catalog_;
  const PolicyEnvironment& environment_;
  Diagnostics& diagnostics_;
  std::vector<uint32_t> slots_;
};

template <typename Functions>
std::vector<Running<Functions>> RunningOne(const PolicyConfig& config,
                                           const std::shared_ptr<PolicyInstance<Functions>>& instance) {
  if (!instance) return {};
  return {{&config, instance}};
}

}  // namespace

ProxyPolicies ReplacePolicies(const ProxyConfig& proxy, const ProxyConfig& running_config, const ProxyPolicies& running,
                              const Renewed& renewed, Catalog& catalog, const PolicyEnvironment& environment,
                              Diagnostics& diagnostics) {
  std::vector<const PolicyConfig*> limiters;
  for (const PolicyConfig& limiter : proxy.limiters) limiters.push_back(&limiter);
  std::vector<Running<myelin_limiter>> running_limiters;
  for (size_t i = 0; i < running.limiters.size(); ++i) {
    running_limiters.push_back({&running_config.limiters[i], running.limiters[i]});
  }
  Creation creation(catalog, environment, diagnostics);
  const auto balancer =
      creation.Find({&proxy.balancer}, RunningOne(running_config.balancer, running.balancer), {renewed.balancer});
  const auto pool = creation.Find({&proxy.pool}, RunningOne(running_config.pool, running.pool), {renewed.pool});
  const auto all_limiters = creation.Find(limiters, std::move(running_limiters), renewed.limiters);
  creation.FreeSlots();
  ProxyPolicies made;
  made.balancer = creation.Create(balancer[0]);
  made.pool = creation.Create(pool[0]);
  for (const auto& limiter : all_limiters) made.limiters.push_back(creation.Create(limiter));
  return made;
}

ProxyPolicies CreatePolicies(const ProxyConfig& proxy, Catalog& catalog, const PolicyEnvironment& environment,
                             Diagnostics& diagnostics) {
  return ReplacePolicies(proxy, {}, {}, {}, catalog, environment, diagnostics);
}

}  // namespace myelin
