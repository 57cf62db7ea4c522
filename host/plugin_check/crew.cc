// SPDX-License-Identifier: Apache-2.0
#include "plugin_check/crew.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "plugin_check/instance.h"

namespace myelin {

std::string ErrorText::Text(int32_t code) const {
  const std::string number = "code " + std::to_string(code);
  if (abi_.size > abi_.capacity) return number + " and a message longer than the buffer it was given";
  return number + (abi_.size > 0 ? ": " + std::string(buffer_.data(), abi_.size) : " and no message");
}

void Faults::Add(const std::string& hook, const std::string& fault) {
  if (fault.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(hook + " " + fault);
  if (found != counts_.end()) {
    ++found->second;
  } else if (counts_.size() < kMaxKinds) {
    counts_[hook + " " + fault] = 1;
  }
}

void Faults::Report(ReportWriter& report) {
  const std::lock_guard lock(mutex_);
  for (const auto& [fault, count] : counts_) report.Error(fault + " (" + std::to_string(count) + " times)");
  counts_.clear();
}

void RunWorkers(const std::function<void(uint32_t)>& work, const std::function<void()>& beside) {
  std::vector<std::thread> threads;
  for (uint32_t worker = 0; worker < kWorkers; ++worker) threads.emplace_back(work, worker);
  beside();
  for (std::thread& thread : threads) thread.join();
}

void MeasureHook(const Exercise& exercise, const std::string& name, uint32_t size, const std::function<void()>& hook) {
  constexpr int kWarmUp = 1000;
  constexpr size_t kBatches = 101;
  constexpr uint64_t kPerBatch = 100;
  for (int i = 0; i < kWarmUp; ++i) hook();
  std::vector<uint64_t> batches(kBatches);
  const uint64_t before = exercise.allocations != nullptr ? exercise.allocations() : 0;
  for (uint64_t& batch : batches) {
    const uint64_t start = MonotonicNow();
    for (uint64_t i = 0; i < kPerBatch; ++i) hook();
    batch = MonotonicNow() - start;
  }
  const uint64_t after = exercise.allocations != nullptr ? exercise.allocations() : 0;
  std::nth_element(batches.begin(), batches.begin() + kBatches / 2, batches.end());
  HookCost cost{name, size, static_cast<double>(batches[kBatches / 2]) / static_cast<double>(kPerBatch), std::nullopt};
  if (exercise.allocations != nullptr) cost.allocations_per_1000 = (after - before) * 1000 / (kBatches * kPerBatch);
  exercise.report.Cost(cost);
  if (after > before) {
    exercise.report.Error(name + " allocates on the way of a call (" + std::to_string(after - before) + " times in " +
                          std::to_string(kBatches * kPerBatch) + " calls, size " + std::to_string(size) +
                          "); make room in create_shard or update");
  }
}

}  // namespace myelin
