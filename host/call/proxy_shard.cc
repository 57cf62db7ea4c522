// SPDX-License-Identifier: Apache-2.0
#include "call/proxy_shard.h"

#include <algorithm>

#include "call/call.h"

namespace myelin {
namespace {

bool HasMetadata(const CallRequest& request, const std::string& key, const std::string& value) {
  struct Search {
    std::string_view value;
    bool found = false;
  } search{value};
  if (request.metadata == nullptr) return false;
  request.metadata->ForEach(
      key,
      [](void* context, std::string_view candidate) {
        auto* wanted = static_cast<Search*>(context);
        wanted->found = wanted->found || wanted->value == candidate;
      },
      &search);
  return search.found;
}

bool Matches(const Route& route, const CallRequest& request, const MethodName& name) {
  if (!route.service.empty() && route.service != name.service) return false;
  if (!route.method.empty() && route.method != name.method) return false;
  return std::all_of(route.metadata.begin(), route.metadata.end(),
                     [&](const auto& pair) { return HasMetadata(request, pair.first, pair.second); });
}

}  // namespace

ProxyShard::ProxyShard(WorkerContext& worker, const ProxyParts& parts, ProxyCounters& counters,
                       const EndpointPool::Options& pool_options)
    : worker_(worker), counters_(counters), pool_options_(pool_options), health_changed_(parts.health_changed) {
  Apply(MakeShardChange(worker, nullptr, parts, counters));
  for (const auto& endpoint : parts.endpoints) AddPool(endpoint);
}

void ProxyShard::AddPool(const std::shared_ptr<Endpoint>& endpoint) {
  if (endpoint->slot() >= pools_.size()) pools_.resize(endpoint->slot() + 1);
  std::unique_ptr<EndpointPool>& pool = pools_[endpoint->slot()];
  pool = std::make_unique<EndpointPool>(worker_, endpoint, pool_->shard, pool_options_, health_changed_);
  if (started_) pool->Start();
}

void ProxyShard::Start() {
  started_ = true;
  for (const auto& pool : pools_) {
    if (pool) pool->Start();
  }
}

// In this order, so that a call that waited at an endpoint which goes is picked among those that stay or have come.
void ProxyShard::ChangeEndpoints(const std::vector<std::shared_ptr<Endpoint>>& added,
                                 const std::vector<std::shared_ptr<Endpoint>>& removed,
                                 std::shared_ptr<const Snapshot> snapshot) {
  for (const auto& endpoint : added) AddPool(endpoint);
  SetSnapshot(std::move(snapshot));
  for (const auto& endpoint : removed) {
    pools_[endpoint->slot()]->Retire([this] { worker_.timers.Start(sweep_timer_, worker_.now_ns); });
  }
}

void ProxyShard::SweepPools() {
  for (auto& pool : pools_) {
    if (pool && pool->IsGone()) pool.reset();
  }
}

void ProxyShard::SetSnapshot(std::shared_ptr<const Snapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  AskBalancerAgain(pick_queued_);
}

ProxyShard& ProxyShard::RouteFor(const CallRequest& request) {
  if (routes_.empty()) return *this;
  const MethodName name = SplitPath(request.path);
  for (const Route& route : routes_) {
    if (Matches(route, request, name)) return *route.to;
  }
  return *this;
}

void ProxyShard::FlushResults() {
  balancer_->Flush();
  if (balancer_trial_) balancer_trial_->candidate->Flush();
  for (const Terms::Limiter& limiter : terms_->limiters) {
    limiter.shard->Flush();
    if (limiter.trial) limiter.trial->candidate->Flush();
  }
}

// A pick that fails ends a call, which asks again in turn.
void ProxyShard::AskBalancerAgain(uint32_t most) {
  if (asking_) return;
  asking_ = true;
  for (uint32_t left = std::min(most, pick_queued_); left > 0 && !pick_queue_.empty(); --left) {
    Call& call = pick_queue_.front().call;
    pick_queue_.pop_front();
    --pick_queued_;
    call.Pick();
  }
  asking_ = false;
}

// The failures of this worker say most; without any, another worker's have emptied the snapshot.
std::string ProxyShard::NothingReachable() const {
  const std::string nothing = "no endpoint of proxy '" + terms_->settings.name + "' can be reached";
  for (const auto& pool : pools_) {
    if (pool && !pool->last_failure().empty()) {
      return nothing + "; " + pool->endpoint()->address() + ": " + pool->last_failure();
    }
  }
  if (snapshot_ && !snapshot_->last_down().empty()) return nothing + "; " + snapshot_->last_down();
  return nothing;
}

}  // namespace myelin
