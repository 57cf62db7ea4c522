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
    : worker_(worker),
      parts_(parts),
      counters_(counters),
      balancer_(*parts.balancer, worker.index),
      pool_(*parts.pool, worker.index),
      balancer_results_(balancer_) {
  for (const auto& limiter : parts.limiters) {
    limiters_.push_back(std::make_unique<LimiterShard>(*limiter, worker.index));
    limiter_results_.push_back(std::make_unique<ResultBatch<LimiterShard>>(*limiters_.back()));
  }
  for (const auto& endpoint : parts.endpoints) {
    pools_.push_back(std::make_unique<EndpointPool>(worker, endpoint, pool_, pool_options, parts.health_changed));
  }
}

void ProxyShard::Start() {
  for (const auto& pool : pools_) pool->Start();
}

void ProxyShard::SetSnapshot(std::shared_ptr<const Snapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  AskBalancerAgain();
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
  balancer_results_.Flush();
  for (const auto& results : limiter_results_) results->Flush();
}

// Each queued call is asked once; those that must go on waiting queue up anew.
void ProxyShard::AskBalancerAgain() {
  PickQueue waiting;
  waiting.swap(pick_queue_);
  while (!waiting.empty()) {
    Call& call = waiting.front().call;
    waiting.pop_front();
    call.Pick();
  }
}

// The failures of this worker say most; without any, another worker's have emptied the snapshot.
std::string ProxyShard::NothingReachable() const {
  const std::string nothing = "no endpoint of proxy '" + parts_.settings.name + "' can be reached";
  for (const auto& pool : pools_) {
    if (!pool->last_failure().empty()) {
      return nothing + "; " + pool->endpoint()->address() + ": " + pool->last_failure();
    }
  }
  if (snapshot_ && !snapshot_->last_down().empty()) return nothing + "; " + snapshot_->last_down();
  return nothing;
}

}  // namespace myelin
