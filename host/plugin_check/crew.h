// SPDX-License-Identifier: Apache-2.0
//
// What the exercises share: threads that play workers, a tally of faults, and the cost of a hook.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "plugin_check/exercise.h"

namespace myelin {

/// Faults by what they are, so that a million wrong answers make one line. Any thread.
class Faults {
 public:
  /// Does nothing for an empty fault.
  void Add(const std::string& hook, const std::string& fault, uint64_t count = 1);
  void Report(ReportWriter& report);

 private:
  static constexpr size_t kMaxKinds = 8;

  std::mutex mutex_;
  std::map<std::string, uint64_t> counts_;
};

/// Runs `work(worker)` on a thread per worker and `beside` on this one, until all have ended.
void RunWorkers(const std::function<void(uint32_t)>& work, const std::function<void()>& beside);

/// Median cost of a hook, in nanoseconds, and how often it allocated in all.
struct Measured {
  static constexpr size_t kBatches = 101;
  static constexpr uint64_t kPerBatch = 100;

  std::array<uint64_t, kBatches> batches{};  // nanoseconds each
  uint64_t allocations = 0;
};

/// Reports the cost; an allocation is a fault.
void ReportCost(const Exercise& exercise, const std::string& name, uint32_t size, Measured& measured, Faults& faults);

/// Calls `hook` some ten thousand times, and reports its median cost and what it allocates.
template <typename Hook>
void MeasureHook(const Exercise& exercise, const std::string& name, uint32_t size, Faults& faults, const Hook& hook) {
  constexpr int kWarmUp = 1000;
  for (int i = 0; i < kWarmUp; ++i) hook();
  Measured measured;
  const uint64_t before = exercise.allocations != nullptr ? exercise.allocations() : 0;
  for (uint64_t& batch : measured.batches) {
    const uint64_t start = MonotonicNow();
    for (uint64_t i = 0; i < Measured::kPerBatch; ++i) hook();
    batch = MonotonicNow() - start;
  }
  if (exercise.allocations != nullptr) measured.allocations = exercise.allocations() - before;
  ReportCost(exercise, name, size, measured, faults);
}

}  // namespace myelin
