// SPDX-License-Identifier: Apache-2.0
#include "plugin_check/crew.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "plugin_check/instance.h"

namespace myelin {

std::string ErrorText::Text(int32_t code) const {
  const std::string number = "code " + std::to_string(code);
  if (abi_.size > abi_.capacity) return number + " and a message longer than the buffer it was given";
  return number + (abi_.size > 0 ? ": " + std::string(buffer_.data(), abi_.size) : " and no message");
}

void Faults::Add(const std::string& hook, const std::string& fault, uint64_t count) {
  if (fault.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(hook + " " + fault);
  if (found != counts_.end()) {
    found->second += count;
  } else if (counts_.size() < kMaxKinds) {
    counts_[hook + " " + fault] = count;
  }
}

void Faults::Report(ReportWriter& report) {
  const std::lock_guard lock(mutex_);
  for (const auto& [fault, count] : counts_) report.Error(fault + " (" + std::to_string(count) + " times)");
}

void RunWorkers(const std::function<void(uint32_t)>& work, const std::function<void()>& beside) {
  std::vector<std::thread> threads;
  for (uint32_t worker = 0; worker < kWorkers; ++worker) threads.emplace_back(work, worker);
  beside();
  for (std::thread& thread : threads) thread.join();
}

void ReportCost(const Exercise& exercise, const std::string& name, uint32_t size, Measured& measured, Faults& faults) {
  auto& batches = measured.batches;
  std::nth_element(batches.begin(), batches.begin() + batches.size() / 2, batches.end());
  const double median = static_cast<double>(batches[batches.size() / 2]);
  HookCost cost{name, size, median / static_cast<double>(Measured::kPerBatch), std::nullopt};
  if (exercise.allocations != nullptr) {
    cost.allocations_per_1000 = measured.allocations * 1000 / (Measured::kBatches * Measured::kPerBatch);
  }
  exercise.report.Cost(cost);
  if (measured.allocations == 0) return;
  faults.Add(name, "allocates on the way of a call; make room in create_shard or update", measured.allocations);
}

}  // namespace myelin
