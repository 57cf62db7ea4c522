// SPDX-License-Identifier: Apache-2.0
//
// Looks, a hundred times a second, which hook each thread is in. One that takes too long is told in the log with its
// stack; one that does not return costs its policy the place, and the thread what it serves. A thread of its own;
// owned by main.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/log.h"
#include "base/log_limit.h"
#include "guard/threads.h"

namespace myelin {

class Watchdog {
 public:
  /// `crash_descriptor`: where it notes a policy that took the last worker with it, or -1.
  Watchdog(Logger& log, int crash_descriptor);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// [any] Workers that are in a hook for longer than guards.hard_limit.
  uint32_t stuck_workers() const { return stuck_workers_.load(std::memory_order_relaxed); }

 private:
  void Loop();
  void LookAtAll(uint64_t now_ns, uint64_t not_looked_ns);
  void LookAt(GuardedThread& thread, uint64_t now_ns);
  void Warn(GuardedThread& thread, uint64_t ns);
  void Seize(GuardedThread& thread, uint64_t ns);
  void TellOfReturn(const GuardedThread& thread, uint64_t now_ns);
  [[noreturn]] void GiveUp(HookSite& site, const std::string& what);

  Logger& log_;
  const int crash_descriptor_;
  LogLimit warnings_{5};
  std::atomic<uint32_t> stuck_workers_{0};

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace myelin
