// SPDX-License-Identifier: Apache-2.0
//
// Everything one worker needs to decide the calls of one proxy: the shards of its policies, its connections, the
// current snapshot, where else calls can be routed, and what it counts. Built and destroyed on the control thread while
// the worker does not use it; in between it belongs to the worker.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "call/call_request.h"
#include "call/pinned_shard.h"
#include "call/terms.h"
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

/// What one worker has counted of a proxy. One writer.
struct alignas(64) ProxyCounters {
  std::array<Counter, kGrpcStatusCount> calls;
  Counter in_flight;
  Counter in_flight_old;  // of these, that came before the latest change
  Counter refused_by_host;
  Counter queue_timeouts;
  /// By name and place among those of the name. Added to on the control thread.
  std::map<std::pair<std::string, size_t>, LimiterCounters> limiters;
};

/// The parts of a proxy that all its shards share. Owned by proxy/, on the control thread.
struct ProxyParts {
  ProxySettings settings;
  MetadataKeys keys;
  std::shared_ptr<Balancer> balancer;
  std::shared_ptr<Pool> pool;
  std::vector<std::shared_ptr<Limiter>> limiters;
  Candidate<myelin_balancer> balancer_candidate;
  std::vector<Candidate<myelin_limiter>> limiter_candidates;  // beside `limiters`; may be shorter
  std::vector<std::shared_ptr<Endpoint>> endpoints;           // [control] that a shard made now begins with
  EndpointPool::HealthChanged health_changed;
};

/// All the conditions given must hold; an empty one holds always.
struct Route {
  std::vector<std::pair<std::string, std::string>> metadata;
  std::string service;
  std::string method;
  ProxyShard* to = nullptr;
};

/// A step of one shard to other policies and settings. Made on the control thread, beside what runs; applied on the
/// worker, in one piece.
struct ShardChange {
  struct LimiterPlace {
    PinnedShard<LimiterShard>::Pointer fresh;  // nullptr: the one that was at `kept` goes on
    size_t kept = 0;
    TrialPointer<LimiterShard> fresh_trial;
    bool keeps_trial = false;  // of the one at `kept`
    LimiterCounters* counters = nullptr;
  };
  ProxySettings settings;
  std::vector<std::string> keys;
  PinnedShard<BalancerShard>::Pointer balancer;               // nullptr: goes on
  std::optional<TrialPointer<BalancerShard>> balancer_trial;  // none: goes on
  std::unique_ptr<OwnedShard<PoolShard>> pool;                // likewise
  std::vector<LimiterPlace> limiters;
  std::optional<EndpointPool::Options> pool_options;  // none: as before
  std::shared_ptr<const Snapshot> snapshot;           // nullptr: as before
  std::vector<std::shared_ptr<Endpoint>> added;
  std::vector<std::shared_ptr<Endpoint>> removed;
};

/// [control] Makes room for what `parts` will count, while nobody else looks at `counters`.
void AddLimiterCounters(const ProxyParts& parts, ProxyCounters& counters);

/// [control] What leads a shard from `now` (nullptr: from nothing) to `next`: shards of the policies that `now` does
/// not have. Throws ShardError when a policy makes none.
ShardChange MakeShardChange(const WorkerContext& worker, const ProxyParts* now, const ProxyParts& next,
                            ProxyCounters& counters);

class ProxyShard {
 public:
  /// So many generations of a policy that has been replaced wait for their calls to end; of more, the oldest is let go.
  static constexpr size_t kMaxOldGenerations = 8;

  /// [control] Throws ShardError when a policy makes no shard.
  ProxyShard(WorkerContext& worker, const ProxyParts& parts, ProxyCounters& counters,
             const EndpointPool::Options& pool_options);
  ~ProxyShard();
  ProxyShard(const ProxyShard&) = delete;
  ProxyShard& operator=(const ProxyShard&) = delete;

  /// [control], before the worker uses it.
  void SetRoutes(std::vector<Route> routes) { routes_ = std::move(routes); }

  /// Opens what the pools want open before the first call.
  void Start();
  void SetSnapshot(std::shared_ptr<const Snapshot> snapshot);
  /// Endpoints come and go. `snapshot` shows those that are left, and none that has come is known here.
  void ChangeEndpoints(const std::vector<std::shared_ptr<Endpoint>>& added,
                       const std::vector<std::shared_ptr<Endpoint>>& removed, std::shared_ptr<const Snapshot> snapshot);
  /// New calls, and those that have not been sent yet, get what `change` says; the others keep what they have.
  void Apply(ShardChange change);
  /// Closes its connections. No call is left, and none may start.
  void Close() { pools_.clear(); }

  /// The proxy that a call which came in here goes to: the first route that matches, or this.
  ProxyShard& RouteFor(const CallRequest& request);

  /// Tells the policies of the calls that have ended. The worker calls it whenever it has nothing else to do at once.
  void FlushResults();

  WorkerContext& worker() { return worker_; }
  const ProxySettings& settings() const { return terms_->settings; }
  ProxyCounters& counters() { return counters_; }

 private:
  friend class Call;
  // A call that ends makes room for one. With all of them asked, many that wait would cost the square of their number.
  static constexpr uint32_t kAskedPerEnd = 8;

  template <typename Shard>
  using OldShards = boost::intrusive::list<PinnedShard<Shard>, boost::intrusive::constant_time_size<false>>;

  EndpointPool& pool_of(const Endpoint& endpoint) { return *pools_[endpoint.slot()]; }
  void AddPool(const std::shared_ptr<Endpoint>& endpoint);
  void SweepPools();
  /// Asks it for up to `most` of the calls that it keeps waiting, oldest first; those that have to go on queue up anew.
  void AskBalancerAgain(uint32_t most);
  void SetTerms(ShardChange& change);
  void SetPool(std::unique_ptr<OwnedShard<PoolShard>> pool);
  template <typename Shard>
  void Replace(PinnedShard<Shard>& old, OldShards<Shard>& among);
  std::string NothingReachable() const;

  WorkerContext& worker_;
  ProxyCounters& counters_;
  uint64_t revision_ = 0;  // counts changes
  TermsPointer terms_;
  PinnedShard<BalancerShard>::Pointer balancer_;
  TrialPointer<BalancerShard> balancer_trial_;
  std::unique_ptr<OwnedShard<PoolShard>> pool_;
  OldShards<BalancerShard> old_balancers_;  // calls are left of them; the oldest first
  OldShards<LimiterShard> old_limiters_;
  EndpointPool::Options pool_options_;
  EndpointPool::HealthChanged health_changed_;
  std::vector<std::unique_ptr<EndpointPool>> pools_;  // by slot; nullptr where no endpoint is
  bool started_ = false;
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<Route> routes_;
  PickQueue pick_queue_;  // calls whose balancer said QUEUE, oldest first
  uint32_t pick_queued_ = 0;
  bool asking_ = false;
  Timer sweep_timer_{[](void* self) { static_cast<ProxyShard*>(self)->SweepPools(); }, this};
};

}  // namespace myelin
