// SPDX-License-Identifier: Apache-2.0
#include "guard/hook_site.h"

#include <algorithm>

namespace myelin {
namespace {

// One writer, so no read-modify-write is needed.
void Add(std::atomic<uint64_t>& cell, uint64_t amount) {
  cell.store(cell.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

void Raise(std::atomic<uint64_t>& cell, uint64_t value) {
  if (value > cell.load(std::memory_order_relaxed)) cell.store(value, std::memory_order_relaxed);
}

}  // namespace

void HookSite::Note(uint64_t ns) {
  Add(times_[std::min<size_t>(static_cast<size_t>(std::bit_width(ns)), kHookBuckets - 1)], 1);
  Add(sum_ns_, ns);
  Raise(max_ns_, ns);
}

void HookSite::NoteSeen(uint64_t ns) { Raise(seen_max_ns_, ns); }

void HookSite::AddTo(HookStats& stats) const {
  stats.calls += calls();
  stats.passed_over += passed_over();
  for (size_t i = 0; i < kHookBuckets; ++i) stats.times[i] += times_[i].load(std::memory_order_relaxed);
  stats.sum_seconds += static_cast<double>(sum_ns_.load(std::memory_order_relaxed)) * 1e-9;
  const uint64_t max_ns =
      std::max(max_ns_.load(std::memory_order_relaxed), seen_max_ns_.load(std::memory_order_relaxed));
  stats.max_seconds = std::max(stats.max_seconds, static_cast<double>(max_ns) * 1e-9);
}

}  // namespace myelin
