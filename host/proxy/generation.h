// SPDX-License-Identifier: Apache-2.0
//
// A configuration at work: its proxies, the pumps that serve them, and the routes between them. Built whole or not at
// all. Owned by main, used on the control thread, stats from any thread.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <vector>

#include "base/stats.h"
#include "config/config.h"
#include "plugin/catalog.h"
#include "policy/metric_cells.h"
#include "proxy/proxy.h"
#include "pump/pump.h"

namespace myelin {

/// What a generation stands on. Borrowed; all outlive it.
struct GenerationEnvironment {
  Catalog& catalog;
  ControlThread& control;
  MetricCells& metrics;
  Logger& log;
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

  /// Takes no new calls and waits for those in flight until `deadline_ns`; then cancels the rest. Blocks.
  void Drain(uint64_t deadline_ns);

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
  Proxy* Find(const std::string& name) const;

  const uint32_t workers_;
  const uint32_t frame_workers_;
  GenerationEnvironment environment_;
  std::map<PumpKind, std::unique_ptr<Pump>> pumps_;
  std::vector<std::unique_ptr<Proxy>> proxies_;
  uint64_t started_ns_ = 0;
  std::atomic<bool> draining_{false};
};

}  // namespace myelin
