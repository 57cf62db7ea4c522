// SPDX-License-Identifier: Apache-2.0
//
// The myelin_host that one policy instance talks to: log, clock, metadata keys, timers, metrics. Owned by the
// instance and destroyed after it; its timers die with it.
#pragma once

#include <myelin/host.h>
#include <myelin/status.h>

#include <memory>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/control_thread.h"
#include "base/log_limit.h"
#include "guard/crash_file.h"
#include "guard/policy_guard.h"
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
  GuardSettings guards{};
  const CrashFile* crashes = nullptr;  // nullptr: none are known
  uint64_t generation = 1;
};

class HostServices {
 public:
  /// On the thread that may use what is tagged [control]. `guard` is the policy's and outlives this.
  HostServices(PolicyEnvironment environment, PolicyGuard& guard);
  ~HostServices();
  HostServices(const HostServices&) = delete;
  HostServices& operator=(const HostServices&) = delete;

  const myelin_host* abi() const { return &context_->abi; }
  const PolicyEnvironment& environment() const { return environment_; }

  /// Where calls show the metadata keys that it wants.
  const std::vector<uint32_t>& metadata_slots() const { return metadata_slots_; }

  /// From now on what is allowed only inside `create` is refused.
  void EndCreate() { creating_ = false; }

 private:
  static void Log(void* context, uint32_t level, const char* message, uint64_t size);
  static uint64_t NowNs(void* context);
  static int32_t WantMetadata(void* context, const char* key, uint64_t key_size, uint32_t* slot);
  static int32_t StartTimer(void* context, uint64_t interval_ns, void (*fire)(void*), void* argument, uint64_t* timer);
  static void StopTimer(void* context, uint64_t timer);
  static int32_t AddMetric(void* context, uint32_t kind, const char* name, const char* doc, uint64_t** cell);

  /// Whether this thread may do what is tagged [control]; if not, the policy gets a strike.
  bool MayControl(const char* what);
  void Fire(void (*fire)(void*), void* argument);

  /// What the plugin holds. It outlives the instance, and then leads nowhere.
  struct Context {
    std::shared_mutex mutex;  // of `services`: held while they are used
    HostServices* services = nullptr;
    std::string proxy;
    myelin_host abi{};
  };
  /// The services behind the context, in use, or none any more.
  class Use {
   public:
    explicit Use(void* context);
    HostServices* operator->() const { return services_; }
    explicit operator bool() const { return services_ != nullptr; }

   private:
    std::shared_lock<std::shared_mutex> lock_;
    HostServices* services_;
  };

  PolicyEnvironment environment_;
  PolicyGuard& guard_;
  HookSite& timer_site_;
  const std::thread::id control_;
  const std::shared_ptr<Context> context_ = std::make_shared<Context>();
  std::vector<uint64_t> timers_;
  std::vector<uint32_t> metadata_slots_;
  LogLimit log_limit_{20};
  bool creating_ = true;
};

}  // namespace myelin
