// SPDX-License-Identifier: Apache-2.0
//
// Everything one worker needs to decide the calls of one proxy: the shards of its policies, its connections, the
// current snapshot, where else calls can be routed, and what it counts. Built and destroyed on the control thread while
// the worker does not use it; in between it belongs to the worker.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "call/call_request.h"
#include "call/result_batch.h"
#include "policy/metadata_keys.h"
#include "policy/shard.h"
#include "upstream/endpoint_pool.h"
#include "upstream/snapshot.h"

namespace myelin {

class Call;
class ProxyShard;

/// Links a call whose balancer said QUEUE. Unlinks itself when destroyed.
struct PickQueueHook : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  explicit PickQueueHook(Call& owner) : call(owner) {}
  Call& call;
};
using PickQueue = boost::intrusive::list<PickQueueHook, boost::intrusive::constant_time_size<false>>;

struct ProxySettings {
  std::string name;
  Duration request_timeout{};
  Duration stream_idle_timeout{};
  Duration queue_timeout{};
  bool access_log = false;
};

/// What one worker has counted of a proxy. One writer.
struct alignas(64) ProxyCounters {
  explicit ProxyCounters(size_t limiter_count) : limiters(limiter_count) {}
  struct LimiterCounters {
    Counter admitted;
    Counter delayed;
    Counter rejected;
  };
  std::array<Counter, kGrpcStatusCount> calls;
  Counter in_flight;
  Counter refused_by_host;
  Counter queue_timeouts;
  std::vector<LimiterCounters> limiters;
};

/// The parts of a proxy that all its shards share. Owned by proxy/.
struct ProxyParts {
  ProxySettings settings;
  MetadataKeys keys;
  std::shared_ptr<Balancer> balancer;
  std::shared_ptr<Pool> pool;
  std::vector<std::shared_ptr<Limiter>> limiters;
  std::vector<std::shared_ptr<Endpoint>> endpoints;  // by slot
  EndpointPool::HealthChanged health_changed;
};

/// All the conditions given must hold; an empty one holds always.
struct Route {
  std::vector<std::pair<std::string, std::string>> metadata;
  std::string service;
  std::string method;
  ProxyShard* to = nullptr;
};

class ProxyShard {
 public:
  /// [control] Throws ShardError when a policy makes no shard.
  ProxyShard(WorkerContext& worker, const ProxyParts& parts, ProxyCounters& counters,
             const EndpointPool::Options& pool_options);

  /// [control], before the worker uses it.
  void SetRoutes(std::vector<Route> routes) { routes_ = std::move(routes); }

  /// Opens what the pools want open before the first call.
  void Start();
  void SetSnapshot(std::shared_ptr<const Snapshot> snapshot);
  /// Closes its connections. No call is left, and none may start.
  void Close() { pools_.clear(); }

  /// The proxy that a call which came in here goes to: the first route that matches, or this.
  ProxyShard& RouteFor(const CallRequest& request);

  /// Tells the policies of the calls that have ended. The worker calls it whenever it has nothing else to do at once.
  void FlushResults();

  WorkerContext& worker() { return worker_; }
  const ProxySettings& settings() const { return parts_.settings; }
  const MetadataKeys& keys() const { return parts_.keys; }
  ProxyCounters& counters() { return counters_; }

 private:
  friend class Call;
  EndpointPool& pool_of(const Endpoint& endpoint) { return *pools_[endpoint.slot()]; }
  void AskBalancerAgain();
  std::string NothingReachable() const;

  WorkerContext& worker_;
  const ProxyParts& parts_;
  ProxyCounters& counters_;
  BalancerShard balancer_;
  PoolShard pool_;
  std::vector<std::unique_ptr<LimiterShard>> limiters_;
  ResultBatch<BalancerShard> balancer_results_;
  std::vector<std::unique_ptr<ResultBatch<LimiterShard>>> limiter_results_;
  std::vector<std::unique_ptr<EndpointPool>> pools_;  // by slot
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<Route> routes_;
  PickQueue pick_queue_;  // calls whose balancer said QUEUE, oldest first
};

}  // namespace myelin
