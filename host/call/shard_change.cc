// SPDX-License-Identifier: Apache-2.0
//
// How a proxy's shard steps to other policies while calls are under way: what decides is replaced at once, and what a
// call has used already stays until that call has ended.
#include <algorithm>

#include "call/proxy_shard.h"

namespace myelin {
namespace {

LimiterCounters& CountersOf(const std::vector<std::shared_ptr<Limiter>>& limiters, size_t index,
                            ProxyCounters& counters) {
  const std::string& name = limiters[index]->handle().name;
  const auto before = std::count_if(limiters.begin(), limiters.begin() + static_cast<std::ptrdiff_t>(index),
                                    [&](const auto& each) { return each->handle().name == name; });
  return counters.limiters[{name, static_cast<size_t>(before)}];
}

const Candidate<myelin_limiter>& LimiterCandidate(const ProxyParts& parts, size_t index) {
  static const Candidate<myelin_limiter> kNone;
  return index < parts.limiter_candidates.size() ? parts.limiter_candidates[index] : kNone;
}

template <typename Shard, typename Functions>
TrialPointer<Shard> MakeTrial(const Candidate<Functions>& candidate, const WorkerContext& worker) {
  if (!candidate) return nullptr;
  return TrialPointer<Shard>(
      new TrialShard<Shard>(candidate.trial, PinnedShard<Shard>::Make(candidate.policy, worker.index, worker.control)));
}

}  // namespace

void AddLimiterCounters(const ProxyParts& parts, ProxyCounters& counters) {
  for (size_t i = 0; i < parts.limiters.size(); ++i) CountersOf(parts.limiters, i, counters);
}

ShardChange MakeShardChange(const WorkerContext& worker, const ProxyParts* now, const ProxyParts& next,
                            ProxyCounters& counters) {
  ShardChange change;
  change.settings = next.settings;
  change.keys = next.keys.keys();
  if (now == nullptr || now->balancer != next.balancer) {
    change.balancer = PinnedShard<BalancerShard>::Make(next.balancer, worker.index, worker.control);
  }
  if (now == nullptr || !(now->balancer_candidate == next.balancer_candidate)) {
    change.balancer_trial = MakeTrial<BalancerShard>(next.balancer_candidate, worker);
  }
  if (now == nullptr || now->pool != next.pool) {
    change.pool = std::make_unique<OwnedShard<PoolShard>>(next.pool, worker.index);
  }
  for (size_t i = 0; i < next.limiters.size(); ++i) {
    ShardChange::LimiterPlace& place = change.limiters.emplace_back();
    place.counters = &CountersOf(next.limiters, i, counters);
    const auto known = now == nullptr ? std::vector<std::shared_ptr<Limiter>>() : now->limiters;
    place.kept = static_cast<size_t>(std::find(known.begin(), known.end(), next.limiters[i]) - known.begin());
    if (place.kept == known.size()) {
      place.fresh = PinnedShard<LimiterShard>::Make(next.limiters[i], worker.index, worker.control);
    }
    const Candidate<myelin_limiter>& candidate = LimiterCandidate(next, i);
    place.keeps_trial = !place.fresh && LimiterCandidate(*now, place.kept) == candidate;
    if (!place.keeps_trial) place.fresh_trial = MakeTrial<LimiterShard>(candidate, worker);
  }
  return change;
}

ProxyShard::~ProxyShard() {
  pools_.clear();
  worker_.control.Post([pool = pool_.release()] { delete pool; });
}

void ProxyShard::Apply(ShardChange change) {
  ++revision_;
  counters_.in_flight_old.Set(counters_.in_flight.Get());
  SetTerms(change);
  if (change.balancer) {
    if (balancer_) Replace(*balancer_, old_balancers_);
    balancer_ = std::move(change.balancer);
  }
  if (change.balancer_trial) {
    if (balancer_trial_) Replace(*balancer_trial_->candidate, old_balancers_);
    balancer_trial_ = std::move(*change.balancer_trial);
  }
  if (change.pool_options) pool_options_ = *change.pool_options;
  for (const auto& pool : pools_) {
    if (pool && change.pool_options) pool->SetOptions(*change.pool_options);
  }
  if (change.pool) SetPool(std::move(change.pool));
  if (change.snapshot) ChangeEndpoints(change.added, change.removed, std::move(change.snapshot));
}

void ProxyShard::SetTerms(ShardChange& change) {
  const boost::intrusive_ptr<Terms> next(new Terms);
  next->settings = std::move(change.settings);
  next->keys = std::move(change.keys);
  for (ShardChange::LimiterPlace& place : change.limiters) {
    auto shard = place.fresh ? std::move(place.fresh) : terms_->limiters[place.kept].shard;
    auto trial = place.keeps_trial ? terms_->limiters[place.kept].trial : std::move(place.fresh_trial);
    next->limiters.push_back({std::move(shard), std::move(trial), place.counters});
  }
  const TermsPointer old = std::exchange(terms_, next);
  if (!old) return;
  for (const Terms::Limiter& limiter : old->limiters) {
    const auto goes_on = [&](const auto& what, const auto member) {
      return std::any_of(next->limiters.begin(), next->limiters.end(),
                         [&](const Terms::Limiter& each) { return each.*member == what; });
    };
    if (!goes_on(limiter.shard, &Terms::Limiter::shard)) Replace(*limiter.shard, old_limiters_);
    if (!limiter.trial || goes_on(limiter.trial, &Terms::Limiter::trial)) continue;
    Replace(*limiter.trial->candidate, old_limiters_);
  }
}

template <typename Shard>
void ProxyShard::Replace(PinnedShard<Shard>& old, OldShards<Shard>& among) {
  old.Replace();
  among.push_back(old);
  if (among.size() <= kMaxOldGenerations) return;
  PinnedShard<Shard>& oldest = among.front();
  among.pop_front();
  oldest.Detach();
}

void ProxyShard::SetPool(std::unique_ptr<OwnedShard<PoolShard>> pool) {
  for (const auto& endpoint_pool : pools_) {
    if (endpoint_pool) endpoint_pool->SetPolicy(pool->shard);
  }
  OwnedShard<PoolShard>* old = std::exchange(pool_, std::move(pool)).release();
  worker_.control.Post([old] { delete old; });
}

}  // namespace myelin
