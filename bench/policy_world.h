// SPDX-License-Identifier: Apache-2.0
//
// One proxy with one worker, wired as proxy/ does it, with the policies from their .so files, but with connections that
// are ready at once and lead nowhere. What remains is what the host and its policies do for a call. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/control_thread.h"
#include "base/log.h"
#include "call/proxy_shard.h"
#include "plugin/catalog.h"
#include "policy/metric_cells.h"

namespace myelin::bench {

struct PolicySet {
  std::string balancer;
  uint32_t endpoints = 3;
  std::string limiter_key = "proxy";
};

class PolicyWorld {
 public:
  /// Throws std::runtime_error when a plugin is not there or refuses.
  explicit PolicyWorld(const PolicySet& set);
  ~PolicyWorld();
  PolicyWorld(const PolicyWorld&) = delete;
  PolicyWorld& operator=(const PolicyWorld&) = delete;

  ProxyShard& shard() { return *shard_; }
  WorkerContext& worker() { return worker_; }

  /// What a worker does at the end of a turn.
  void EndTurn();

 private:
  class ReadyConnector;

  void CreatePolicies(const PolicySet& set);
  void AddRoutes();

  Logger log_;
  ControlThread control_;
  MetricCells metrics_;
  Catalog catalog_;
  std::unique_ptr<ReadyConnector> connector_;
  WorkerContext worker_;
  ProxyParts parts_;
  std::unique_ptr<ProxyCounters> counters_;
  std::unique_ptr<ProxyShard> shard_;
};

}  // namespace myelin::bench
