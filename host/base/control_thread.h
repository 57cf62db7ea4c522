// SPDX-License-Identifier: Apache-2.0
//
// The one thread on which the host decides slowly: configuration, snapshots, health, plugins' timers. Tasks run one
// after another in the order posted. Owned by main; outlives all that posts to it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace myelin {

class ControlThread {
 public:
  using Task = std::function<void()>;

  ControlThread();
  /// Runs what was posted before, then ends.
  ~ControlThread();
  ControlThread(const ControlThread&) = delete;
  ControlThread& operator=(const ControlThread&) = delete;

  /// [any] Runs `task` soon.
  void Post(Task task);
  /// [any] Runs `task` on the control thread and waits for it; at once if this is the control thread.
  void Run(const Task& task);
  /// [any] Runs `task` once, after `delay`, unless cancelled.
  uint64_t After(std::chrono::nanoseconds delay, Task task);
  /// [any] Runs `task` every `interval` until cancelled.
  uint64_t Every(std::chrono::nanoseconds interval, Task task);
  /// [any] After it has returned on the control thread, the task will not run again. Unknown ids are ignored.
  void Cancel(uint64_t id);

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Entry {
    Task task;
    std::chrono::nanoseconds interval{0};  // 0: once
    uint64_t id = 0;
  };

  uint64_t Schedule(std::chrono::nanoseconds first, std::chrono::nanoseconds interval, Task task);
  void Loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::multimap<TimePoint, Entry> queue_;
  uint64_t next_id_ = 1;
  uint64_t running_id_ = 0;
  bool running_cancelled_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace myelin
