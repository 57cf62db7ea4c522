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

  /// Those of `all` that have no handle yet are looked up on disk.
  template <typename Functions>
  void Find(std::vector<Wanted<Functions>>& all, std::vector<Running<Functions>> running) {
    for (auto& wanted : all) {
      const PolicyConfig& config = *wanted.config;
      if (wanted.handle != nullptr) continue;
      wanted.handle = catalog_.Find(kKind<Functions>, config.name, config.origin, diagnostics_, config.hash);
    }
    for (auto& wanted : all) {
      const auto* same = Take(running, [&](const auto& each) {
        return &each.instance->handle() == wanted.handle && SameValue(each.config->options, wanted.config->options) &&
               each.instance->guard().settings() == environment_.guards && !CanRecover(each.instance->guard());
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
  }

  /// Whether a new instance of it would be out of quarantine.
  bool CanRecover(const PolicyGuard& guard) const {
    const bool crashed = environment_.crashes != nullptr && environment_.crashes->Find(guard.identity()) != nullptr;
    return guard.quarantined() && !crashed;
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

/// A role in a proxy: its policies by place, each perhaps with one on trial beside it; as they are wanted, and as they
/// run.
template <typename Functions>
class Role {
 public:
  using Instance = std::shared_ptr<PolicyInstance<Functions>>;

  void Run(const PolicyConfig& config, const Instance& instance, const Candidate<Functions>& candidate) {
    running_.push_back({&config, instance});
    running_candidates_.push_back(candidate);
    candidate_configs_.push_back(config.trial);
  }
  void Want(const PolicyConfig& config, bool renewed, bool candidate_renewed) {
    const size_t place = wanted_.size();
    wanted_.push_back({&config, renewed ? nullptr : &running_[place].instance->handle(), {}, {}});
    if (!config.trial) return;
    const bool stays = !candidate_renewed && place < running_.size() && candidate_configs_[place] == config.trial;
    const PolicyHandle* handle = stays ? &running_candidates_[place].policy->handle() : nullptr;
    candidates_.push_back({&config.trial->policy, handle, {}, {}});
  }

  // One that was tried and decides from now on is made anew, as its shards are others, and gets the state it has.
  void Find(Creation& creation) {
    std::vector<Running<Functions>> tried;
    for (size_t i = 0; i < running_.size(); ++i) {
      if (running_candidates_[i]) tried.push_back({&candidate_configs_[i]->policy, running_candidates_[i].policy});
    }
    creation.Find(wanted_, running_);
    for (auto& wanted : wanted_) Inherit(wanted, tried);
    creation.Find(candidates_, tried);
  }

  void Create(Creation& creation, std::vector<Instance>& made, std::vector<Candidate<Functions>>& candidates) {
    size_t next = 0;
    for (const auto& wanted : wanted_) {
      made.push_back(creation.Create(wanted));
      candidates.emplace_back();
      if (!wanted.config->trial) continue;
      const Instance policy = creation.Create(candidates_[next++]);
      if (policy && made.back()) candidates.back() = OnTrial(policy, made.back(), wanted.config->trial->rules);
    }
  }

 private:
  static void Inherit(Wanted<Functions>& wanted, const std::vector<Running<Functions>>& tried) {
    if (wanted.instance || wanted.predecessor || wanted.handle == nullptr) return;
    for (const auto& each : tried) {
      if (each.instance->handle().name == wanted.handle->name) wanted.predecessor = each.instance;
    }
  }

  /// The trial that runs, when nothing about it has changed.
  Candidate<Functions> OnTrial(const Instance& policy, const Instance& beside, const TrialRules& rules) const {
    for (size_t i = 0; i < running_.size(); ++i) {
      const Candidate<Functions>& known = running_candidates_[i];
      if (known.policy == policy && running_[i].instance == beside && known.trial->rules() == rules) return known;
    }
    return {policy, std::make_shared<Trial>(rules, policy->guard(), beside->handle().name)};
  }

  std::vector<Wanted<Functions>> wanted_;
  std::vector<Wanted<Functions>> candidates_;  // of those that have one
  std::vector<Running<Functions>> running_;
  std::vector<Candidate<Functions>> running_candidates_;
  std::vector<std::shared_ptr<const TrialConfig>> candidate_configs_;  // of those that run
};

template <typename Functions>
Candidate<Functions> CandidateAt(const std::vector<Candidate<Functions>>& candidates, size_t place) {
  return place < candidates.size() ? candidates[place] : Candidate<Functions>();
}

}  // namespace

ProxyPolicies ReplacePolicies(const ProxyConfig& proxy, const ProxyConfig& running_config, const ProxyPolicies& running,
                              const Renewed& renewed, Catalog& catalog, const PolicyEnvironment& environment,
                              Diagnostics& diagnostics) {
  Role<myelin_balancer> balancer;
  Role<myelin_pool> pool;
  Role<myelin_limiter> limiters;
  if (running.balancer) balancer.Run(running_config.balancer, running.balancer, running.balancer_candidate);
  if (running.pool) pool.Run(running_config.pool, running.pool, {});
  for (size_t i = 0; i < running.limiters.size(); ++i) {
    limiters.Run(running_config.limiters[i], running.limiters[i], CandidateAt(running.limiter_candidates, i));
  }
  balancer.Want(proxy.balancer, renewed.balancer, renewed.candidates);
  pool.Want(proxy.pool, renewed.pool, false);
  for (size_t i = 0; i < proxy.limiters.size(); ++i) {
    limiters.Want(proxy.limiters[i], renewed.limiters.empty() || renewed.limiters[i], renewed.candidates);
  }
  Creation creation(catalog, environment, diagnostics);
  balancer.Find(creation);
  pool.Find(creation);
  limiters.Find(creation);
  creation.FreeSlots();
  std::vector<std::shared_ptr<Balancer>> balancers;
  std::vector<std::shared_ptr<Pool>> pools;
  std::vector<Candidate<myelin_balancer>> balancer_candidates;
  std::vector<Candidate<myelin_pool>> no_candidates;
  ProxyPolicies made;
  balancer.Create(creation, balancers, balancer_candidates);
  pool.Create(creation, pools, no_candidates);
  limiters.Create(creation, made.limiters, made.limiter_candidates);
  made.balancer = balancers[0];
  made.balancer_candidate = balancer_candidates[0];
  made.pool = pools[0];
  return made;
}

ProxyPolicies CreatePolicies(const ProxyConfig& proxy, Catalog& catalog, const PolicyEnvironment& environment,
                             Diagnostics& diagnostics) {
  return ReplacePolicies(proxy, {}, {}, {}, catalog, environment, diagnostics);
}

}  // namespace myelin
