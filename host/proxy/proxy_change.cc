// SPDX-License-Identifier: Apache-2.0
//
// How a proxy steps to another configuration while it serves: all that can fail is done first, beside what runs.
#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "proxy/config_diff.h"
#include "proxy/from_config.h"
#include "proxy/proxy.h"

namespace myelin {
namespace {

bool TooManyWorkers(Pool& pool, size_t sharers, std::string& why) {
  const uint32_t most = MaxWorkers(pool);
  if (most == 0 || sharers <= most) return false;
  why = "pool '" + pool.handle().name + "' can be shared out to " + std::to_string(most) + " workers and " +
        std::to_string(sharers) +
        " serve the proxy, which cannot change while it runs: give the pool a larger size, or restart";
  return true;
}

}  // namespace

ProxyConfig Proxy::pinned_config() const {
  const auto pin = [](PolicyConfig& policy, const auto& instance, const auto& candidate) {
    policy.hash = instance->handle().hash;
    if (!policy.trial || !candidate) return;
    TrialConfig trial = *policy.trial;
    trial.policy.hash = candidate.policy->handle().hash;
    policy.trial = std::make_shared<const TrialConfig>(std::move(trial));
  };
  ProxyConfig config = config_;
  pin(config.balancer, parts_.balancer, parts_.balancer_candidate);
  pin(config.pool, parts_.pool, Candidate<myelin_pool>());
  for (size_t i = 0; i < config.limiters.size(); ++i) {
    const bool tried = i < parts_.limiter_candidates.size();
    pin(config.limiters[i], parts_.limiters[i], tried ? parts_.limiter_candidates[i] : Candidate<myelin_limiter>());
  }
  return config;
}

std::unique_ptr<ProxyChange> Proxy::Prepare(const ProxyConfig& next, const ProxyPolicies& policies, MetadataKeys keys,
                                            Diagnostics& diagnostics) {
  auto change = std::make_unique<ProxyChange>();
  change->config = next;
  change->parts = parts_;
  change->parts.settings = SettingsOf(next);
  change->parts.keys = std::move(keys);
  change->parts.balancer = policies.balancer;
  change->parts.pool = policies.pool;
  change->parts.limiters = policies.limiters;
  change->parts.balancer_candidate = policies.balancer_candidate;
  change->parts.limiter_candidates = policies.limiter_candidates;
  std::string why;
  if (policies.pool != parts_.pool && TooManyWorkers(*policies.pool, sharers_.size(), why)) {
    diagnostics.Error(next.pool.origin, why);
    return nullptr;
  }
  if (!SameEndpoints(names_.configured(), next.endpoints)) {
    names_.Begin(next.endpoints);
    names_.Await();
    change->endpoints = endpoints_.Plan(names_.Specs(), worker_count_);
    change->parts.endpoints = change->endpoints->members;
    change->snapshot = MakeSnapshotOf(*change->endpoints, change->parts, why);
  } else if (policies.balancer != parts_.balancer || !(policies.balancer_candidate == parts_.balancer_candidate)) {
    change->snapshot = MakeSnapshot(endpoints_.members(), change->parts, why);
  }
  if (!why.empty()) {
    diagnostics.Error(next.balancer.origin, why);
    return nullptr;
  }
  return MakeShardChanges(*change, diagnostics) ? std::move(change) : nullptr;
}

bool Proxy::MakeShardChanges(ProxyChange& change, Diagnostics& diagnostics) {
  {
    std::lock_guard lock(mutex_);  // not while policies make shards: a statistic must not wait for those
    for (const WorkerShard& shard : shards_) AddLimiterCounters(change.parts, *shard.counters);
  }
  try {
    for (const WorkerShard& shard : shards_) {
      if (shard.worker == nullptr) {
        change.shards.emplace_back();
        continue;
      }
      auto step = std::make_shared<ShardChange>(
          MakeShardChange(shard.worker->context(), &parts_, change.parts, *shard.counters));
      step->pool_options = PoolOptions(*shard.worker, change.config);
      step->snapshot = change.snapshot;
      if (change.endpoints) step->added = change.endpoints->added;
      if (change.endpoints) step->removed = change.endpoints->removed;
      change.shards.push_back(std::move(step));
    }
  } catch (const ShardError& error) {
    diagnostics.Error(change.config.origin, "proxy '" + change.config.name + "': " + error.what());
    return false;
  }
  return true;
}

void Proxy::Abandon() {
  names_.Begin(config_.endpoints);
  names_.DropUnused();
}

void Proxy::Commit(ProxyChange change) {
  names_.DropUnused();
  names_.SetRefresh(change.config.dns_refresh);
  if (change.endpoints) CommitEndpoints(*change.endpoints);
  if (change.snapshot) published_ = change.snapshot;
  for (size_t i = 0; i < change.shards.size(); ++i) {
    if (shards_[i].worker == nullptr) continue;
    shards_[i].worker->Post(
        [target = shards_[i].shard.get(), step = std::move(change.shards[i])] { target->Apply(std::move(*step)); });
  }
  std::lock_guard lock(mutex_);
  config_ = std::move(change.config);
  std::swap(parts_, change.parts);
}

// The weights are in the snapshot; until the change is committed, the endpoints keep theirs.
std::shared_ptr<const Snapshot> Proxy::MakeSnapshotOf(const EndpointSet::Change& endpoints, const ProxyParts& parts,
                                                      std::string& why) {
  std::vector<uint32_t> weights;
  for (size_t i = 0; i < endpoints.members.size(); ++i) {
    weights.push_back(endpoints.members[i]->weight());
    endpoints.members[i]->SetWeight(endpoints.weights[i]);
  }
  for (const auto& endpoint : endpoints.added) endpoint->SetJoined(MonotonicNow());
  auto snapshot = MakeSnapshot(endpoints.members, parts, why);
  for (size_t i = 0; i < weights.size(); ++i) endpoints.members[i]->SetWeight(weights[i]);
  return snapshot;
}

void Proxy::CommitEndpoints(const EndpointSet::Change& endpoints) {
  for (size_t i = 0; i < endpoints.members.size(); ++i) endpoints.members[i]->SetWeight(endpoints.weights[i]);
  endpoints_.Commit(endpoints, MonotonicNow());
}

bool Proxy::SetEndpoints(const std::vector<EndpointConfig>& endpoints, std::string& why) {
  const std::vector<EndpointConfig> before = names_.configured();
  names_.Begin(endpoints);
  names_.Await();
  const bool done = ApplyNames(why);
  std::string ignored;
  if (!done) {
    names_.Begin(before);
    ApplyNames(ignored);
  }
  names_.DropUnused();
  if (done) config_.endpoints = endpoints;
  return done;
}

bool Proxy::ApplyNames(std::string& why) {
  return ChangeEndpoints(endpoints_.Plan(names_.Specs(), worker_count_), why);
}

bool Proxy::ChangeEndpoints(const EndpointSet::Change& change, std::string& why) {
  if (!publishing_ || change.empty()) return true;
  const auto snapshot = MakeSnapshotOf(change, parts_, why);
  if (!snapshot) {
    log_.Error(config_.name, why);
    return false;
  }
  CommitEndpoints(change);
  parts_.endpoints = endpoints_.members();
  published_ = snapshot;
  for (const WorkerShard& shard : shards_) {
    if (shard.worker == nullptr) continue;
    shard.worker->Post([target = shard.shard.get(), added = change.added, removed = change.removed, snapshot] {
      target->ChangeEndpoints(added, removed, snapshot);
    });
  }
  return true;
}

void Proxy::SetRoutes(const std::function<ProxyShard&(const std::string& proxy, Worker& worker)>& shard_of) {
  for (Worker* worker : workers()) {
    std::vector<Route> routes;
    for (const RouteConfig& route : config_.routes) {
      routes.push_back({route.metadata, route.service, route.method, &shard_of(route.to, *worker)});
    }
    worker->Post([target = &ShardFor(*worker), routes = std::move(routes)] { target->SetRoutes(routes); });
  }
}

std::vector<Proxy::WorkerShard> Proxy::TakeShardsOf(std::span<Worker* const> workers) {
  const auto ends = [&](const Worker* worker) {
    return std::find(workers.begin(), workers.end(), worker) != workers.end();
  };
  std::vector<WorkerShard> taken;
  std::lock_guard lock(mutex_);
  for (WorkerShard& shard : shards_) {
    if (ends(shard.worker)) taken.push_back(std::move(shard));
  }
  std::erase_if(shards_, [](const WorkerShard& shard) { return !shard.shard; });
  std::erase_if(sharers_, ends);
  return taken;
}

// The thread that hangs uses the shard; neither it nor its counters can be freed.
void Proxy::CutOff(Worker& stuck) {
  for (WorkerShard& shard : shards_) {
    if (shard.worker == &stuck) shard.worker = nullptr;
  }
}

void Proxy::Replace(Worker& stuck, Worker& fresh) {
  if (listener_) listener_->Replace(stuck, fresh);
  std::replace(sharers_.begin(), sharers_.end(), &stuck, &fresh);
  const bool reached =
      std::any_of(shards_.begin(), shards_.end(), [&](const auto& shard) { return shard.worker == &stuck; });
  CutOff(stuck);
  if (reached) ShardFor(fresh);
}

void Proxy::ServeOn(Worker& fresh) {
  if (listener_) listener_->StartOn(fresh, ShardFor(fresh));
}

bool Proxy::ReleaseShards() {
  for (WorkerShard& shard : shards_) {
    if (shard.worker == nullptr) {
      Forget(shard);
      *shard.removal = WorkerShard::kDone;
      continue;
    }
    if (*shard.removal != WorkerShard::kNone) continue;
    *shard.removal = WorkerShard::kAsked;
    shard.worker->RemoveShard(*shard.shard, [removal = shard.removal](bool removed) {
      *removal = removed ? WorkerShard::kDone : WorkerShard::kNone;
    });
  }
  std::lock_guard lock(mutex_);
  std::erase_if(shards_, [](const WorkerShard& shard) { return *shard.removal == WorkerShard::kDone; });
  return shards_.empty();
}

}  // namespace myelin
