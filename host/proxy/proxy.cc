// SPDX-License-Identifier: Apache-2.0
#include "proxy/proxy.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace myelin {
namespace {

ProxySettings SettingsOf(const ProxyConfig& config) {
  return {config.name, config.timeouts.request, config.timeouts.stream_idle, config.timeouts.queue, config.access_log};
}

template <typename Functions>
PolicyStats StatsOf(PolicyInstance<Functions>& policy) {
  return {std::string(PolicyKindName(policy.handle().kind)), policy.handle().name, policy.strikes().count()};
}

}  // namespace

Proxy::Proxy(const ProxyConfig& config, ProxyPolicies policies, MetadataKeys keys, ControlThread& control, Logger& log)
    : config_(config), control_(control), log_(log) {
  parts_.settings = SettingsOf(config);
  parts_.keys = std::move(keys);
  parts_.balancer = std::move(policies.balancer);
  parts_.pool = std::move(policies.pool);
  parts_.limiters = std::move(policies.limiters);
  parts_.health_changed = [this](const std::shared_ptr<Endpoint>& endpoint, bool up, const std::string& reason) {
    control_.Post([this, endpoint, up, reason] { OnHealthChanged(endpoint, up, reason); });
  };
}

Proxy::~Proxy() = default;

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
  options.max_workers = parts_.pool->functions().max_workers(parts_.pool->instance());
  listener_ = pump.Listen(options);
  sharers_.assign(workers().begin(), workers().end());
}

void Proxy::AddRoutedFrom(std::span<Worker* const> routed) {
  if (listener_) return;
  for (Worker* worker : routed) {
    if (std::find(sharers_.begin(), sharers_.end(), worker) == sharers_.end()) sharers_.push_back(worker);
  }
}

void Proxy::MakeEndpoints(uint32_t worker_count) {
  for (const EndpointConfig& endpoint : config_.endpoints) {
    const auto slot = static_cast<uint32_t>(parts_.endpoints.size());
    Endpoint::Spec spec{endpoint.address, endpoint.weight, endpoint.priority, endpoint.locality, endpoint.metadata};
    parts_.endpoints.push_back(std::make_shared<Endpoint>(std::move(spec), slot, worker_count));
  }
}

// A worker of another proxy that routes calls here takes the same share as one of ours.
EndpointPool::Options Proxy::PoolOptions(const Worker& worker) const {
  const auto found = std::find(sharers_.begin(), sharers_.end(), &worker);
  EndpointPool::Options options;
  options.connection = {config_.timeouts.connect, config_.keepalive.time, config_.keepalive.timeout};
  options.backoff_base = config_.backoff.base;
  options.backoff_max = config_.backoff.max;
  options.backoff_jitter = config_.backoff.jitter;
  options.queue_timeout = config_.timeouts.queue;
  options.worker_count = static_cast<uint32_t>(sharers_.size());
  options.worker = found == sharers_.end() ? 0 : static_cast<uint32_t>(found - sharers_.begin());
  return options;
}

std::unique_ptr<ProxyShard> Proxy::MakeShard(Worker& worker, ProxyCounters& counters) const {
  try {
    return std::make_unique<ProxyShard>(worker.context(), parts_, counters, PoolOptions(worker));
  } catch (const ShardError& error) {
    throw StartupError(config_.origin, "proxy '" + config_.name + "': " + error.what());
  }
}

ProxyShard& Proxy::ShardFor(Worker& worker) {
  for (const WorkerShard& known : shards_) {
    if (known.worker == &worker) return *known.shard;
  }
  auto counters = std::make_unique<ProxyCounters>(parts_.limiters.size());
  auto shard = MakeShard(worker, *counters);
  worker.AddShard(*shard);
  return *shards_.emplace_back(WorkerShard{&worker, std::move(counters), std::move(shard)}).shard;
}

std::shared_ptr<const Snapshot> Proxy::MakeSnapshot() {
  std::vector<std::shared_ptr<Endpoint>> usable;
  for (const auto& endpoint : parts_.endpoints) {
    if (endpoint->state() == MYELIN_ENDPOINT_UP) usable.push_back(endpoint);
  }
  std::string why;
  auto snapshot = Snapshot::Make(std::move(usable), ++snapshot_version_, parts_.balancer, control_, why, last_down_);
  if (!snapshot) {
    log_.Error(config_.name, "the balancer '" + parts_.balancer->handle().name + "' refuses the endpoints: " + why);
  }
  return snapshot;
}

void Proxy::PublishFirstSnapshot() {
  const auto snapshot = MakeSnapshot();
  if (!snapshot) throw StartupError(config_.balancer.origin, "the balancer refuses the endpoints; see the log");
  for (const WorkerShard& shard : shards_) shard.shard->SetSnapshot(snapshot);
}

void Proxy::PublishSnapshot() {
  if (!publishing_) return;
  const auto snapshot = MakeSnapshot();
  if (!snapshot) return;
  for (const WorkerShard& shard : shards_) {
    shard.worker->Post([target = shard.shard.get(), snapshot] { target->SetSnapshot(snapshot); });
  }
}

void Proxy::OnHealthChanged(const std::shared_ptr<Endpoint>& endpoint, bool up, const std::string& reason) {
  if (!endpoint->SetState(up ? MYELIN_ENDPOINT_UP : MYELIN_ENDPOINT_DOWN, MonotonicNow())) return;
  if (up) {
    log_.Info(config_.name, "endpoint " + endpoint->address() + " is up");
  } else {
    log_.Warning(config_.name, "endpoint " + endpoint->address() + " is down: " + reason);
    last_down_ = endpoint->address() + ": " + reason;
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
  uint64_t sum = 0;
  for (const WorkerShard& shard : shards_) sum += shard.counters->in_flight.Get();
  return sum;
}

ProxyStats Proxy::Stats() const {
  ProxyStats stats;
  stats.name = config_.name;
  stats.listen = addresses();
  stats.balancer = parts_.balancer->handle().name;
  stats.pool = parts_.pool->handle().name;
  stats.policies = {StatsOf(*parts_.balancer), StatsOf(*parts_.pool)};
  for (const auto& limiter : parts_.limiters) {
    stats.limiters.push_back({limiter->handle().name, 0, 0, 0});
    stats.policies.push_back(StatsOf(*limiter));
  }
  for (const WorkerShard& shard : shards_) {
    const ProxyCounters& counters = *shard.counters;
    stats.in_flight += counters.in_flight.Get();
    stats.refused_by_host += counters.refused_by_host.Get();
    stats.queue_timeouts += counters.queue_timeouts.Get();
    for (size_t i = 0; i < stats.calls.size(); ++i) stats.calls[i] += counters.calls[i].Get();
    for (size_t i = 0; i < stats.limiters.size(); ++i) {
      stats.limiters[i].admitted += counters.limiters[i].admitted.Get();
      stats.limiters[i].delayed += counters.limiters[i].delayed.Get();
      stats.limiters[i].rejected += counters.limiters[i].rejected.Get();
    }
  }
  for (const auto& endpoint : parts_.endpoints) stats.endpoints.push_back(endpoint->Stats());
  return stats;
}

}  // namespace myelin
