// SPDX-License-Identifier: Apache-2.0
//
// What the exercises share: threads that play workers, a tally of faults, and the cost of a hook.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "plugin_check/exercise.h"

namespace myelin {

/// Faults by what they are, so that a million wrong answers make one line. Any thread.
class Faults {
 public:
  /// Does nothing for an empty fault.
  void Add(const std::string& hook, const std::string& fault);
  /// Writes each fault that was not written before.
  void Report(ReportWriter& report);

 private:
  static constexpr size_t kMaxKinds = 8;

  std::mutex mutex_;
  std::map<std::string, uint64_t> counts_;
};

/// Runs `work(worker)` on a thread per worker and `beside` on this one, until all have ended.
void RunWorkers(const std::function<void(uint32_t)>& work, const std::function<void()>& beside);

/// Calls `hook` some ten thousand times, and reports its median cost and what it allocates; an allocation is an error.
void MeasureHook(const Exercise& exercise, const std::string& name, uint32_t size, const std::function<void()>& hook);

}  // namespace myelin
