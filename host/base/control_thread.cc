// SPDX-License-Identifier: Apache-2.0
#include "base/control_thread.h"

#include <algorithm>
#include <future>
#include <utility>

namespace myelin {

ControlThread::ControlThread() : thread_([this] { Loop(); }) {}

ControlThread::~ControlThread() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void ControlThread::Post(Task task) {
  {
    std::lock_guard lock(mutex_);
    queue_.emplace(std::chrono::steady_clock::now(), Entry{std::move(task), {}, 0});
  }
  wake_.notify_one();
}

void ControlThread::Run(const Task& task) {
  if (std::this_thread::get_id() == thread_.get_id()) {
    task();
    return;
  }
  std::promise<void> done;
  Post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

uint64_t ControlThread::After(std::chrono::nanoseconds delay, Task task) {
  return Schedule(delay, {}, std::move(task));
}

uint64_t ControlThread::Every(std::chrono::nanoseconds interval, Task task) {
  return Schedule(interval, interval, std::move(task));
}

uint64_t ControlThread::Schedule(std::chrono::nanoseconds first, std::chrono::nanoseconds interval, Task task) {
  uint64_t id = 0;
  {
    std::lock_guard lock(mutex_);
    id = next_id_++;
    queue_.emplace(std::chrono::steady_clock::now() + first, Entry{std::move(task), interval, id});
  }
  wake_.notify_one();
  return id;
}

void ControlThread::Cancel(uint64_t id) {
  std::lock_guard lock(mutex_);
  if (running_id_ == id) running_cancelled_ = true;
  const auto found = std::find_if(queue_.begin(), queue_.end(), [&](const auto& item) { return item.second.id == id; });
  if (found != queue_.end() && id != 0) queue_.erase(found);
}

void ControlThread::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (stopping_ && (queue_.empty() || queue_.begin()->first > std::chrono::steady_clock::now())) return;
    if (queue_.empty()) {
      wake_.wait(lock);
      continue;
    }
    if (queue_.begin()->first > std::chrono::steady_clock::now()) {
      const TimePoint due = queue_.begin()->first;
      wake_.wait_until(lock, due);
      continue;
    }
    Entry entry = std::move(queue_.extract(queue_.begin()).mapped());
    running_id_ = entry.id;
    running_cancelled_ = false;
    lock.unlock();
    entry.task();
    lock.lock();
    running_id_ = 0;
    if (entry.interval.count() > 0 && !running_cancelled_) {
      queue_.emplace(std::chrono::steady_clock::now() + entry.interval, std::move(entry));
    }
  }
}

}  // namespace myelin
