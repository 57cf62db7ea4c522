// SPDX-License-Identifier: Apache-2.0
//
// A counter that one thread writes and any may read.
#pragma once

#include <atomic>
#include <cstdint>

namespace myelin {

class Counter {
 public:
  void Add(uint64_t amount = 1) { value_.store(Get() + amount, std::memory_order_relaxed); }
  void Subtract(uint64_t amount = 1) { value_.store(Get() - amount, std::memory_order_relaxed); }
  void Set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  uint64_t Get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace myelin
