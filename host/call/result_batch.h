// SPDX-License-Identifier: Apache-2.0
//
// Collects how calls ended until it is worth telling a policy: one hook for many calls. Belongs to a worker.
#pragma once

#include <myelin/call.h>

#include <array>

namespace myelin {

/// `Shard` has has_done() and Done(results, count).
template <typename Shard>
class ResultBatch {
 public:
  explicit ResultBatch(Shard& shard) : shard_(shard), wanted_(shard.has_done()) {}

  void Add(const myelin_call_result& result) {
    if (!wanted_) return;
    results_[count_++] = result;
    if (count_ == results_.size()) Flush();
  }
  void Flush() {
    if (count_ == 0) return;
    const uint32_t count = count_;
    count_ = 0;
    shard_.Done(results_.data(), count);
  }

 private:
  Shard& shard_;
  const bool wanted_;
  uint32_t count_ = 0;
  std::array<myelin_call_result, 32> results_;
};

}  // namespace myelin
