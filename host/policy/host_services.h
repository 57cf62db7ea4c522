// SPDX-License-Identifier: Apache-2.0
//
// The myelin_host that one policy instance talks to: log, clock, metadata keys, timers, metrics. Owned by the
// instance and destroyed after it; its timers die with it.
#pragma once

#include <myelin/host.h>
#include <myelin/status.h>

#include <string>
#include <vector>

#include "base/control_thread.h"
#include "base/log_limit.h"
#include "policy/metadata_keys.h"
#include "policy/metric_cells.h"

namespace myelin {

/// What an instance's surroundings are. Borrowed; all outlive the instance.
struct PolicyEnvironment {
  std::string proxy;
  uint32_t worker_count = 1;
  MetadataKeys* keys = nullptr;
  ControlThread* control = nullptr;
  MetricCells* metrics = nullptr;
  Logger* log = nullptr;
};

class HostServices {
 public:
  HostServices(std::string policy, PolicyEnvironment environment);
  ~HostServices();
  HostServices(const HostServices&) = delete;
  HostServices& operator=(const HostServices&) = delete;

  const myelin_host* abi() const { return &abi_; }
  const std::string& policy() const { return policy_; }
  const PolicyEnvironment& environment() const { return environment_; }

  /// From now on what is allowed only inside `create` is refused.
  void EndCreate() { creating_ = false; }

 private:
  static void Log(void* context, uint32_t level, const char* message, uint64_t size);
  static uint64_t NowNs(void* context);
  static int32_t WantMetadata(void* context, const char* key, uint64_t key_size, uint32_t* slot);
  static int32_t StartTimer(void* context, uint64_t interval_ns, void (*fire)(void*), void* argument, uint64_t* timer);
  static void StopTimer(void* context, uint64_t timer);
  static int32_t AddMetric(void* context, uint32_t kind, const char* name, const char* doc, uint64_t** cell);

  std::string policy_;
  PolicyEnvironment environment_;
  std::string component_;  // "proxy/policy", the tag of its log lines
  myelin_host abi_{};
  std::vector<uint64_t> timers_;
  LogLimit log_limit_{20};
  bool creating_ = true;
};

}  // namespace myelin
