// SPDX-License-Identifier: Apache-2.0
#include "proxy/proxy.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "proxy/from_config.h"

namespace myelin {
namespace {

// Names are waited for so long, at the start and when there are new ones.
constexpr Duration kNamesPatience = 3s;

template <typename Functions>
void AddCandidate(const Candidate<Functions>& candidate, std::vector<PolicyStats>& policies) {
  if (!candidate) return;
  policies.push_back(candidate.policy->guard().Stats());
  policies.back().trial = candidate.trial->Stats();
}

void AddLimiters(const ProxyCounters& counters, std::vector<LimiterStats>& stats) {
  std::map<std::string, size_t> seen;
  for (LimiterStats& limiter : stats) {
    const auto found = counters.limiters.find({limiter.name, seen[limiter.name]++});
    if (found == counters.limiters.end()) continue;
    limiter.admitted += found->second.admitted.Get();
    limiter.delayed += found->second.delayed.Get();
    limiter.rejected += found->second.rejected.Get();
  }
}

}  // namespace

Proxy::Proxy(const ProxyConfig& config, ProxyPolicies policies, MetadataKeys keys, ControlThread& control, Logger& log,
             Resolver& resolver)
    : config_(config),
      control_(control),
      log_(log),
      names_({resolver, control, log, config.name, config.dns_refresh, kNamesPatience}, [this] {
        std::string why;
        ApplyNames(why);
      }) {
  parts_.settings = SettingsOf(config);
  parts_.keys = std::move(keys);
  parts_.balancer = std::move(policies.balancer);
  parts_.pool = std::move(policies.pool);
  parts_.limiters = std::move(policies.limiters);
  parts_.balancer_candidate = std::move(policies.balancer_candidate);
  parts_.limiter_candidates = std::move(policies.limiter_candidates);
  parts_.health_changed = [this](const std::shared_ptr<Endpoint>& endpoint, bool up, const std::string& reason) {
    control_.Post([this, endpoint, up, reason] { OnHealthChanged(endpoint, up, reason); });
  };
  trial_timer_ = control_.Every(1s, [this] { JudgeTrials(); });
}

Proxy::~Proxy() {
  control_.Cancel(trial_timer_);
  EndShards();
}

void Proxy::EndShards() {
  for (WorkerShard& shard : shards_) {
    if (shard.worker == nullptr) Forget(shard);
  }
  shards_.clear();
}

// A thread may be inside of it.
void Proxy::Forget(WorkerShard& shard) {
  static_cast<void>(shard.shard.release());
  static_cast<void>(shard.counters.release());
}

void Proxy::JudgeTrials() {
  if (parts_.balancer_candidate) parts_.balancer_candidate.trial->Judge();
  for (const auto& candidate : parts_.limiter_candidates) {
    if (candidate) candidate.trial->Judge();
  }
}

std::vector<std::string> Proxy::addresses() const {
  return listener_ ? listener_->addresses() : std::vector<std::string>();
}

std::span<Worker* const> Proxy::workers() const {
  return listener_ ? listener_->workers() : std::span<Worker* const>();
}

void Proxy::Listen(Pump& pump) {
  if (config_.listen.empty()) return;
  ListenOptions options;
  options.proxy = config_.name;
  for (const ListenConfig& listen : config_.listen) options.addresses.push_back(listen.address);
  options.limits = config_.limits;
  options.max_workers = MaxWorkers(*parts_.pool);
  try {
    listener_ = pump.Listen(options);
  } catch (const StartupError& error) {
    const std::string& why = error.diagnostics().front().message;
    throw StartupError(ListenOrigin(why), why);
  }
  sharers_.assign(workers().begin(), workers().end());
}

/// Where the address is written that `why` names.
Origin Proxy::ListenOrigin(const std::string& why) const {
  for (const ListenConfig& listen : config_.listen) {
    if (why.find(" " + listen.address + ":") != std::string::npos) return listen.origin;
  }
  return config_.origin;
}

void Proxy::AddRoutedFrom(std::span<Worker* const> routed) {
  if (listener_) return;
  for (Worker* worker : routed) {
    if (std::find(sharers_.begin(), sharers_.end(), worker) == sharers_.end()) sharers_.push_back(worker);
  }
}

void Proxy::MakeEndpoints(uint32_t worker_count) {
  worker_count_ = worker_count;
  names_.Await();
  endpoints_.Commit(endpoints_.Plan(names_.Specs(), worker_count), 0);
  parts_.endpoints = endpoints_.members();
}

// A worker of another proxy that routes calls here takes the same share as one of ours.
EndpointPool::Options Proxy::PoolOptions(const Worker& worker, const ProxyConfig& config) const {
  const auto found = std::find(sharers_.begin(), sharers_.end(), &worker);
  EndpointPool::Options options;
  options.connection = {config.timeouts.connect, config.keepalive.time, config.keepalive.timeout};
  options.backoff_base = config.backoff.base;
  options.backoff_max = config.backoff.max;
  options.backoff_jitter = config.backoff.jitter;
  options.queue_timeout = config.timeouts.queue;
  options.max_queued = config.limits.max_queued;
  options.worker_count = static_cast<uint32_t>(sharers_.size());
  options.worker = found == sharers_.end() ? 0 : static_cast<uint32_t>(found - sharers_.begin());
  return options;
}

std::unique_ptr<ProxyShard> Proxy::MakeShard(Worker& worker, ProxyCounters& counters) const {
  try {
    return std::make_unique<ProxyShard>(worker.context(), parts_, counters, PoolOptions(worker, config_));
  } catch (const ShardError& error) {
    throw StartupError(config_.origin, "proxy '" + config_.name + "': " + error.what());
  }
}

ProxyShard& Proxy::ShardFor(Worker& worker) {
  for (const WorkerShard& known : shards_) {
    if (known.worker == &worker) return *known.shard;
  }
  auto counters = std::make_unique<ProxyCounters>();
  auto shard = MakeShard(worker, *counters);
  if (published_) shard->SetSnapshot(published_);  // it serves already
  worker.AddShard(*shard);
  std::lock_guard lock(mutex_);
  return *shards_.emplace_back(WorkerShard{&worker, std::move(counters), std::move(shard)}).shard;
}

std::shared_ptr<const Snapshot> Proxy::MakeSnapshot(const EndpointSet::List& endpoints, const ProxyParts& parts,
                                                    std::string& why) {
  EndpointSet::List usable;
  for (const auto& endpoint : endpoints) {
    if (endpoint->state() == MYELIN_ENDPOINT_UP) usable.push_back(endpoint);
  }
  auto snapshot = Snapshot::Make(std::move(usable), ++snapshot_version_, parts.balancer, control_, why, LastDown(),
                                 parts.balancer_candidate);
  if (!snapshot) why = "the balancer '" + parts.balancer->handle().name + "' refuses the endpoints: " + why;
  return snapshot;
}

std::string Proxy::LastDown() const {
  if (!last_down_.empty()) return last_down_;
  const auto missing = names_.Unfound();
  return missing.empty() ? "" : missing.front().name + ": its name was not found: " + missing.front().why;
}

void Proxy::PublishFirstSnapshot() {
  std::string why;
  const auto snapshot = MakeSnapshot(endpoints_.members(), parts_, why);
  if (!snapshot) throw StartupError(config_.balancer.origin, why);
  published_ = snapshot;
  for (const WorkerShard& shard : shards_) shard.shard->SetSnapshot(snapshot);
}

void Proxy::PublishSnapshot() {
  if (!publishing_) return;
  std::string why;
  const auto snapshot = MakeSnapshot(endpoints_.members(), parts_, why);
  if (!snapshot) return log_.Error(config_.name, why);
  published_ = snapshot;
  for (const WorkerShard& shard : shards_) {
    if (shard.worker == nullptr) continue;
    shard.worker->Post([target = shard.shard.get(), snapshot] { target->SetSnapshot(snapshot); });
  }
}

void Proxy::OnHealthChanged(const std::shared_ptr<Endpoint>& endpoint, bool up, const std::string& reason) {
  if (endpoint->state() == MYELIN_ENDPOINT_DRAINING) return;
  // A worker that cannot connect speaks for the endpoint only while no other is connected; it sends its own calls
  // elsewhere, and tells again.
  if (!up && endpoint->Stats().connections_ready > 0) return;
  if (!endpoint->SetState(up ? MYELIN_ENDPOINT_UP : MYELIN_ENDPOINT_DOWN, MonotonicNow())) return;
  if (up) {
    log_.Info(config_.name, "endpoint " + endpoint->Label() + " is up");
  } else {
    log_.Warning(config_.name, "endpoint " + endpoint->Label() + " is down: " + reason);
    last_down_ = endpoint->Label() + ": " + reason;
  }
  PublishSnapshot();
}

void Proxy::Serve() {
  if (!listener_) return;
  std::vector<ProxyShard*> entries;
  for (Worker* worker : workers()) entries.push_back(&ShardFor(*worker));
  listener_->Start(entries);
}

void Proxy::Drain(uint64_t deadline_ns) {
  if (listener_) listener_->Drain(deadline_ns);
}

void Proxy::Stop() {
  if (listener_) listener_->Stop();
}

uint64_t Proxy::in_flight() const {
  std::lock_guard lock(mutex_);
  uint64_t sum = 0;
  for (const WorkerShard& shard : shards_) sum += shard.counters->in_flight.Get();
  return sum;
}

ProxyStats Proxy::Stats() const {
  std::lock_guard lock(mutex_);
  ProxyStats stats;
  stats.name = config_.name;
  stats.listen = addresses();
  if (listener_) stats.downstream_connections = listener_->connections();
  if (listener_) stats.connections = listener_->connection_totals();
  stats.balancer = parts_.balancer->handle().name;
  stats.pool = parts_.pool->handle().name;
  stats.policies.push_back(parts_.balancer->guard().Stats());
  AddCandidate(parts_.balancer_candidate, stats.policies);
  stats.policies.push_back(parts_.pool->guard().Stats());
  for (size_t i = 0; i < parts_.limiters.size(); ++i) {
    stats.limiters.push_back({parts_.limiters[i]->handle().name, 0, 0, 0});
    stats.policies.push_back(parts_.limiters[i]->guard().Stats());
    if (i < parts_.limiter_candidates.size()) AddCandidate(parts_.limiter_candidates[i], stats.policies);
  }
  for (const WorkerShard& shard : shards_) {
    const ProxyCounters& counters = *shard.counters;
    stats.in_flight += counters.in_flight.Get();
    stats.in_flight_old += counters.in_flight_old.Get();
    stats.refused_by_host += counters.refused_by_host.Get();
    stats.queue_timeouts += counters.queue_timeouts.Get();
    for (size_t i = 0; i < stats.calls.size(); ++i) stats.calls[i] += counters.calls[i].Get();
    AddLimiters(counters, stats.limiters);
  }
  for (const auto& endpoint : endpoints_.All()) stats.endpoints.push_back(endpoint->Stats());
  for (const auto& missing : names_.Unfound()) {
    EndpointStats& shown = stats.endpoints.emplace_back();
    shown.address = shown.name = missing.name;
    shown.weight = missing.weight;
    shown.state = "down";
  }
  return stats;
}

}  // namespace myelin
