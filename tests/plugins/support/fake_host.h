// SPDX-License-Identifier: Apache-2.0
//
// A host that gives a policy under test what myelin_host promises: a clock the test turns, slots for metadata keys,
// timers that fire when the test says so, log lines and metrics that it can look at. Owned by the test;
// single-threaded.
#pragma once

#include <myelin/host.h>
#include <myelin/status.h>

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace myelin::test {

class FakeHost {
 public:
  explicit FakeHost(uint32_t workers = 1) {
    host_.struct_size = sizeof(host_);
    host_.context = this;
    host_.proxy = {"test", 4};
    host_.worker_count = workers;
    host_.log = [](void* self, uint32_t level, const char* message, uint64_t size) {
      Self(self)->lines.emplace_back(level, std::string(message, size));
    };
    host_.now_ns = [](void* self) { return Self(self)->now_ns; };
    host_.want_metadata = &WantMetadata;
    host_.start_timer = &StartTimer;
    host_.stop_timer = [](void* self, uint64_t timer) { Self(self)->timers_.erase(timer); };
    host_.add_metric = [](void* self, uint32_t, const char* name, const char*, uint64_t** cell) {
      *cell = &Self(self)->metrics[name];
      return MYELIN_OK;
    };
  }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  const myelin_host* get() const { return &host_; }

  // Fires every timer once.
  void FireTimers() {
    const auto timers = timers_;
    for (const auto& [id, timer] : timers) timer.first(timer.second);
  }

  uint64_t now_ns = 1'000'000'000'000;
  std::vector<std::pair<uint32_t, std::string>> lines;  // level and message of each log line
  std::vector<std::string> metadata_keys;               // index: the slot
  std::map<std::string, uint64_t> metrics;

 private:
  using Timer = std::pair<void (*)(void*), void*>;

  static FakeHost* Self(void* context) { return static_cast<FakeHost*>(context); }

  static int32_t WantMetadata(void* context, const char* key, uint64_t size, uint32_t* slot) {
    auto& keys = Self(context)->metadata_keys;
    const std::string wanted(key, size);
    size_t index = 0;
    while (index < keys.size() && keys[index] != wanted) ++index;
    if (index == keys.size()) keys.push_back(wanted);
    *slot = static_cast<uint32_t>(index);
    return MYELIN_OK;
  }

  static int32_t StartTimer(void* context, uint64_t, void (*fire)(void*), void* argument, uint64_t* timer) {
    *timer = ++Self(context)->last_timer_;
    Self(context)->timers_[*timer] = {fire, argument};
    return MYELIN_OK;
  }

  myelin_host host_{};
  std::map<uint64_t, Timer> timers_;
  uint64_t last_timer_ = 0;
};

}  // namespace myelin::test
