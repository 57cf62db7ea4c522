// SPDX-License-Identifier: Apache-2.0
//
// A myelin_host without a proxy behind it: keeps what a policy asks for, and fires its timers when told. Control
// functions on the thread of the check; log and clock from any.
#pragma once

#include <myelin/host.h>

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace myelin {

class SyntheticHost {
 public:
  explicit SyntheticHost(uint32_t workers);
  SyntheticHost(const SyntheticHost&) = delete;
  SyntheticHost& operator=(const SyntheticHost&) = delete;

  const myelin_host* abi() const { return &abi_; }
  /// The metadata keys asked for, by slot.
  const std::vector<std::string>& keys() const { return keys_; }
  /// Fires every timer once.
  void FireTimers();
  /// Timers that nobody stopped.
  size_t timer_count() const { return timers_.size(); }

 private:
  struct Timer {
    void (*fire)(void*);
    void* argument;
  };

  static SyntheticHost& Of(void* context) { return *static_cast<SyntheticHost*>(context); }
  static int32_t WantMetadata(void* context, const char* key, uint64_t size, uint32_t* slot);
  static int32_t StartTimer(void* context, uint64_t interval_ns, void (*fire)(void*), void* argument, uint64_t* timer);
  static void StopTimer(void* context, uint64_t timer);
  static int32_t AddMetric(void* context, uint32_t kind, const char* name, const char* doc, uint64_t** cell);

  myelin_host abi_{};
  std::vector<std::string> keys_;
  std::map<uint64_t, Timer> timers_;
  uint64_t next_timer_ = 1;
  std::deque<uint64_t> cells_;  // a deque, as cells must not move
};

}  // namespace myelin
