// SPDX-License-Identifier: Apache-2.0
#include "plugin_check/synthetic_host.h"

#include <myelin/status.h>

#include <algorithm>

#include "base/clock.h"

namespace myelin {
namespace {

constexpr char kProxy[] = "check";
constexpr uint64_t kMinIntervalNs = 1'000'000;

}  // namespace

SyntheticHost::SyntheticHost(uint32_t workers) {
  abi_.struct_size = sizeof(abi_);
  abi_.abi_minor = MYELIN_ABI_MINOR;
  abi_.context = this;
  abi_.proxy = {kProxy, sizeof(kProxy) - 1};
  abi_.worker_count = workers;
  abi_.log = [](void*, uint32_t, const char*, uint64_t) {};
  abi_.now_ns = [](void*) { return MonotonicNow(); };
  abi_.want_metadata = WantMetadata;
  abi_.start_timer = StartTimer;
  abi_.stop_timer = StopTimer;
  abi_.add_metric = AddMetric;
}

void SyntheticHost::FireTimers() {
  std::vector<uint64_t> due;
  for (const auto& [id, timer] : timers_) due.push_back(id);
  for (const uint64_t id : due) {
    // A timer may stop another.
    if (const auto found = timers_.find(id); found != timers_.end()) found->second.fire(found->second.argument);
  }
}

int32_t SyntheticHost::WantMetadata(void* context, const char* key, uint64_t size, uint32_t* slot) {
  std::vector<std::string>& keys = Of(context).keys_;
  const std::string name(key, size);
  auto found = std::find(keys.begin(), keys.end(), name);
  if (found == keys.end()) found = keys.insert(keys.end(), name);
  *slot = static_cast<uint32_t>(found - keys.begin());
  return MYELIN_OK;
}

int32_t SyntheticHost::StartTimer(void* context, uint64_t interval_ns, void (*fire)(void*), void* argument,
                                  uint64_t* timer) {
  if (interval_ns < kMinIntervalNs || fire == nullptr) return MYELIN_ERROR_INVALID;
  SyntheticHost& host = Of(context);
  *timer = host.next_timer_++;
  host.timers_[*timer] = {fire, argument};
  return MYELIN_OK;
}

void SyntheticHost::StopTimer(void* context, uint64_t timer) { Of(context).timers_.erase(timer); }

int32_t SyntheticHost::AddMetric(void* context, uint32_t, const char* name, const char*, uint64_t** cell) {
  if (name == nullptr) return MYELIN_ERROR_INVALID;
  *cell = &Of(context).cells_.emplace_back(0);
  return MYELIN_OK;
}

}  // namespace myelin
