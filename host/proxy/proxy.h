// SPDX-License-Identifier: Apache-2.0
//
// One proxy at run time: its policies, endpoints, listener, and a shard for each worker that can reach it. It keeps the
// snapshot up to date as endpoints come and go. Owned by the Generation; used on the control thread, stats from any.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/stats.h"
#include "call/proxy_shard.h"
#include "config/config.h"
#include "proxy/endpoint_names.h"
#include "proxy/proxy_policies.h"
#include "pump/pump.h"
#include "upstream/endpoint_set.h"

namespace myelin {

/// A step of a proxy to another configuration, prepared beside what runs. Nothing has happened until it is committed;
/// dropped on the control thread, it leaves no trace.
struct ProxyChange {
  ProxyConfig config;
  ProxyParts parts;
  std::optional<EndpointSet::Change> endpoints;      // none: as before
  std::shared_ptr<const Snapshot> snapshot;          // nullptr: as before
  std::vector<std::shared_ptr<ShardChange>> shards;  // one for each of the proxy's
};

class Proxy {
 public:
  struct WorkerShard {
    Worker* worker;  // nullptr: it hangs in a policy, and only what it has counted counts
    std::unique_ptr<ProxyCounters> counters;
    std::unique_ptr<ProxyShard> shard;
    enum Removal { kNone, kAsked, kDone };
    std::shared_ptr<std::atomic<Removal>> removal = std::make_shared<std::atomic<Removal>>(kNone);  // with the worker
  };

  Proxy(const ProxyConfig& config, ProxyPolicies policies, MetadataKeys keys, ControlThread& control, Logger& log,
        Resolver& resolver);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  const std::string& name() const { return config_.name; }
  const ProxyConfig& config() const { return config_; }
  /// Likewise, with the hashes of the plugins that run.
  ProxyConfig pinned_config() const;
  /// As bound; empty for a proxy that only routes lead to.
  std::vector<std::string> addresses() const;
  /// The workers on which its own calls come in.
  std::span<Worker* const> workers() const;

  /// The steps to service, in this order. Listen throws StartupError.
  void LookUpNames() { names_.Begin(config_.endpoints); }
  void Listen(Pump& pump);
  /// Workers whose calls are routed here; they share out the connections of a proxy that has no listener.
  void AddRoutedFrom(std::span<Worker* const> workers);
  void MakeEndpoints(uint32_t worker_count);
  /// The shard for `worker`, made at the first call. Throws StartupError when a policy makes none.
  ProxyShard& ShardFor(Worker& worker);
  /// Where calls that came in here go, on each of its workers; nothing is lost on the way.
  void SetRoutes(const std::function<ProxyShard&(const std::string& proxy, Worker& worker)>& shard_of);
  void PublishFirstSnapshot();
  /// [control], after PublishFirstSnapshot. Its endpoints are `endpoints` from now on. Those that stay keep their
  /// connections; those that go get no new calls and finish what they have. Names that are new are waited for, but not
  /// long. Answers false, with nothing changed, when the balancer refuses them.
  bool SetEndpoints(const std::vector<EndpointConfig>& endpoints, std::string& why);
  void Serve();
  /// Takes no new calls and waits for those in flight until `deadline_ns`; then cancels the rest. Blocks; [any].
  void Drain(uint64_t deadline_ns);

  /// [control] What leads from what runs to `next` with `policies`, which may be instances that run. nullptr and errors
  /// when something of it cannot be had.
  std::unique_ptr<ProxyChange> Prepare(const ProxyConfig& next, const ProxyPolicies& policies, MetadataKeys keys,
                                       Diagnostics& diagnostics);
  /// [control] New calls go by `change` as soon as a worker hears of it; those in flight finish on what they have used.
  void Commit(ProxyChange change);
  /// [control] Nothing comes of what was prepared.
  void Abandon();
  ProxyPolicies policies() const {
    return {parts_.balancer, parts_.pool, parts_.limiters, parts_.balancer_candidate, parts_.limiter_candidates};
  }
  const MetadataKeys& keys() const { return parts_.keys; }

  /// [control] Its shards on `workers`, which are about to end: nothing is posted to those any more.
  std::vector<WorkerShard> TakeShardsOf(std::span<Worker* const> workers);
  /// [control] After the drain of a proxy that is no longer configured: lets go of shards whose last call has ended.
  /// Answers whether all are gone; else to be asked again.
  bool ReleaseShards();

  /// [control] `stuck` hangs in a policy, perhaps for ever: nothing is posted to its shard any more.
  void CutOff(Worker& stuck);
  /// [control] `fresh` is to serve in its place: the steps, in this order. The first throws StartupError.
  void Replace(Worker& stuck, Worker& fresh);
  void ServeOn(Worker& fresh);

  /// Publishes no more snapshots: its workers are about to end, and cannot be posted to afterwards.
  void StopPublishing() { publishing_ = false; }
  /// Ends its listener and workers. Nothing of it runs any more afterwards.
  void Stop();
  /// [control], when no worker runs any more, but before one goes: shards use their worker to the last.
  void EndShards();

  /// [any] Calls in flight now.
  uint64_t in_flight() const;
  ProxyStats Stats() const;

 private:
  std::unique_ptr<ProxyShard> MakeShard(Worker& worker, ProxyCounters& counters) const;
  EndpointPool::Options PoolOptions(const Worker& worker, const ProxyConfig& config) const;
  bool MakeShardChanges(ProxyChange& change, Diagnostics& diagnostics);
  std::shared_ptr<const Snapshot> MakeSnapshotOf(const EndpointSet::Change& endpoints, const ProxyParts& parts,
                                                 std::string& why);
  void CommitEndpoints(const EndpointSet::Change& endpoints);
  /// The addresses that the endpoints' names stand for now.
  bool ApplyNames(std::string& why);
  bool ChangeEndpoints(const EndpointSet::Change& change, std::string& why);
  std::string LastDown() const;
  Origin ListenOrigin(const std::string& why) const;
  void OnHealthChanged(const std::shared_ptr<Endpoint>& endpoint, bool up, const std::string& reason);
  std::shared_ptr<const Snapshot> MakeSnapshot(const EndpointSet::List& endpoints, const ProxyParts& parts,
                                               std::string& why);
  void PublishSnapshot();
  static void Forget(WorkerShard& shard);
  void JudgeTrials();

  ProxyConfig config_;
  ControlThread& control_;
  Logger& log_;
  mutable std::mutex mutex_;  // held by the control thread while it changes what Stats and in_flight read
  ProxyParts parts_;
  EndpointNames names_;
  EndpointSet endpoints_;
  uint32_t worker_count_ = 0;
  std::unique_ptr<Listener> listener_;  // nullptr: only routes lead here
  std::vector<Worker*> sharers_;        // share out the connections to an endpoint
  std::vector<WorkerShard> shards_;
  uint64_t snapshot_version_ = 0;
  std::shared_ptr<const Snapshot> published_;  // the latest
  bool publishing_ = true;
  uint64_t trial_timer_;
  std::string last_down_;  // the endpoint that went down last, and why
};

}  // namespace myelin
