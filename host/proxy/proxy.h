// SPDX-License-Identifier: Apache-2.0
//
// One proxy at run time: its policies, endpoints, listener, and a shard for each worker that can reach it. It keeps the
// snapshot up to date as endpoints come and go. Owned by the Generation; used on the control thread, stats from any.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/stats.h"
#include "call/proxy_shard.h"
#include "config/config.h"
#include "proxy/proxy_policies.h"
#include "pump/pump.h"

namespace myelin {

class Proxy {
 public:
  Proxy(const ProxyConfig& config, ProxyPolicies policies, MetadataKeys keys, ControlThread& control, Logger& log);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  const std::string& name() const { return config_.name; }
  const ProxyConfig& config() const { return config_; }
  /// As bound; empty for a proxy that only routes lead to.
  std::vector<std::string> addresses() const;
  /// The workers on which its own calls come in.
  std::span<Worker* const> workers() const;

  /// The steps to service, in this order. Listen throws StartupError.
  void Listen(Pump& pump);
  /// Workers whose calls are routed here; they share out the connections of a proxy that has no listener.
  void AddRoutedFrom(std::span<Worker* const> workers);
  void MakeEndpoints(uint32_t worker_count);
  /// The shard for `worker`, made at the first call.
  ProxyShard& ShardFor(Worker& worker);
  void PublishFirstSnapshot();
  void Serve();
  /// Takes no new calls and waits for those in flight until `deadline_ns`; then cancels the rest. Blocks; [any].
  void Drain(uint64_t deadline_ns);

  /// Publishes no more snapshots: its workers are about to end, and cannot be posted to afterwards.
  void StopPublishing() { publishing_ = false; }
  /// Ends its listener and workers. Nothing of it runs any more afterwards.
  void Stop();

  /// [any] Calls in flight now.
  uint64_t in_flight() const;
  ProxyStats Stats() const;

 private:
  struct WorkerShard {
    Worker* worker;
    std::unique_ptr<ProxyCounters> counters;
    std::unique_ptr<ProxyShard> shard;
  };

  std::unique_ptr<ProxyShard> MakeShard(Worker& worker, ProxyCounters& counters) const;
  EndpointPool::Options PoolOptions(const Worker& worker) const;
  void OnHealthChanged(const std::shared_ptr<Endpoint>& endpoint, bool up, const std::string& reason);
  std::shared_ptr<const Snapshot> MakeSnapshot();
  void PublishSnapshot();

  const ProxyConfig config_;
  ControlThread& control_;
  Logger& log_;
  ProxyParts parts_;
  std::unique_ptr<Listener> listener_;  // nullptr: only routes lead here
  std::vector<Worker*> sharers_;        // share out the connections to an endpoint
  std::vector<WorkerShard> shards_;
  uint64_t snapshot_version_ = 0;
  bool publishing_ = true;
  std::string last_down_;  // the endpoint that went down last, and why
};

}  // namespace myelin
