// SPDX-License-Identifier: Apache-2.0
//
// A configuration at work: its proxies, the pumps that serve them, and the routes between them. Built whole or not at
// all, and changed likewise while it serves. Owned by main, stats from any thread.
#pragma once

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/stats.h"
#include "config/config.h"
#include "plugin/catalog.h"
#include "policy/metric_cells.h"
#include "proxy/proxy.h"
#include "pump/pump.h"
#include "upstream/resolver.h"

namespace myelin {

/// What a generation stands on. Borrowed; all outlive it.
struct GenerationEnvironment {
  Catalog& catalog;
  ControlThread& control;
  MetricCells& metrics;
  Logger& log;
  Resolver* resolver = nullptr;  // nullptr: as the machine is set up
  CrashFile* crashes = nullptr;  // nullptr: no policy is left out for what it did before
};

/// Other policies for one proxy; what is not given stays. With a trial, the one that is given is tried beside the one
/// that runs: a balancer, or a limiter.
struct PolicySwap {
  std::string proxy;
  std::optional<PolicyConfig> balancer;
  std::optional<PolicyConfig> pool;
  std::vector<PolicyConfig> limiters;  // each in place of the one with the same name
  std::optional<TrialRules> trial;
};

class Generation {
 public:
  /// Creates every policy, and listens nowhere yet. All that is wrong is in `diagnostics`; then the result is nullptr.
  static std::unique_ptr<Generation> Build(const Config& config, const GenerationEnvironment& environment,
                                           Diagnostics& diagnostics);
  ~Generation();
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  /// Binds all addresses, then serves. Throws StartupError.
  void Start();

  /// Takes no new calls and waits for those in flight until `deadline_ns`; then cancels the rest. Blocks. Answers false
  /// when calls of proxies that were removed before are left, which have their own deadlines.
  bool Drain(uint64_t deadline_ns);

  /// Replaces policies while the proxy serves: whole or, with errors in `diagnostics`, not at all. Calls in flight
  /// finish on what they have used.
  bool Swap(const PolicySwap& swap, Diagnostics& diagnostics);

  /// From now on `next` is at work: whole or, with errors in `diagnostics`, not at all. What it does not change goes on
  /// untouched. `changes` gets a phrase for each proxy that is added, removed or changed.
  bool Reload(const Config& next, Diagnostics& diagnostics, std::vector<std::string>& changes);
  /// [control] The configurations of the proxies that serve, swapped policies included, each policy with the hash of
  /// the plugin that runs.
  std::vector<ProxyConfig> proxy_configs() const;

  /// Calls in flight now. [any]
  uint64_t in_flight() const;
  /// [any], after Start.
  HostStats Stats() const;
  const std::vector<std::unique_ptr<Proxy>>& proxies() const { return proxies_; }

 private:
  Generation(const Config& config, const GenerationEnvironment& environment);
  bool CreateProxies(const Config& config, Diagnostics& diagnostics);
  void StartOnControl();
  void ListenAll();
  void ConnectRoutes();
  /// The pump of this kind, made at the first call.
  Pump& PumpOf(PumpKind kind);
  /// A proxy that is no longer configured, until its calls have ended.
  struct Retired {
    std::unique_ptr<Proxy> proxy;
    std::shared_future<void> drained;
    bool stopped = false;
  };
  struct Reloading;  // a step to another configuration, on its way

  std::unique_ptr<Proxy> MakeProxy(const ProxyConfig& config, Diagnostics& diagnostics);
  bool ReloadOnControl(const Config& next, Diagnostics& diagnostics, std::vector<std::string>& changes);
  void MatchProxies(Reloading& reloading, Diagnostics& diagnostics);
  void BindAndConnect(Reloading& reloading);
  void PrepareAll(Reloading& reloading, Diagnostics& diagnostics);
  void CommitAll(Reloading& reloading, std::vector<std::string>& changes);
  void Retire(std::unique_ptr<Proxy> proxy);
  void SweepRetired();
  void StopRetired(Retired& retired);
  bool SwapOnControl(const PolicySwap& swap, Diagnostics& diagnostics);
  void ForgetCrashes(PolicyKind kind, const std::optional<PolicyConfig>& policy);
  /// [control] What leads `proxy` to `next`. nullptr and errors when something of it cannot be had.
  std::unique_ptr<ProxyChange> Prepare(Proxy& proxy, const ProxyConfig& next, const Renewed& renewed,
                                       Diagnostics& diagnostics);
  PolicyEnvironment EnvironmentOf(const ProxyConfig& proxy, MetadataKeys& keys) const;
  Proxy* Find(const std::string& name) const;
  void ReplaceWorker(Worker& stuck);

  const uint32_t workers_;
  const uint32_t generic_listeners_;
  const HostLimits limits_;
  const uint32_t first_spare_;   // the index of the first worker in the place of one that hangs
  const uint32_t worker_limit_;  // no worker's index is that high
  GenerationEnvironment environment_;
  SystemResolver system_resolver_;
  std::map<PumpKind, std::unique_ptr<Pump>> pumps_;
  mutable std::mutex mutex_;  // held by the control thread while it changes the proxies
  std::vector<std::unique_ptr<Proxy>> proxies_;
  std::vector<Retired> retired_;
  uint64_t sweep_timer_ = 0;
  Duration drain_timeout_;
  std::atomic<uint64_t> number_{1};
  std::atomic<uint64_t> swaps_{0};
  uint64_t started_ns_ = 0;
  std::atomic<bool> draining_{false};
};

}  // namespace myelin
