// SPDX-License-Identifier: Apache-2.0
//
// What policies are given of the host and may use late: the metrics that they register, and what else must outlive
// them. A cell is written by plugins on any thread. Owned by main.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/stats.h"

namespace myelin {

class MetricCells {
 public:
  /// [any] The cell of this metric; the same one for the same proxy, policy and name.
  uint64_t* Add(PluginMetric description);
  /// [any] Keeps `what` for as long as this lives: a thread that a plugin has left behind may still use it.
  void Keep(std::shared_ptr<void> what) {
    std::lock_guard lock(mutex_);
    kept_.push_back(std::move(what));
  }
  /// [any] All metrics with their values now.
  std::vector<PluginMetric> Read() const;

 private:
  struct Cell {
    PluginMetric description;
    uint64_t value = 0;
  };
  mutable std::mutex mutex_;
  std::deque<Cell> cells_;  // a deque, for addresses must stay
  std::deque<std::shared_ptr<void>> kept_;
};

}  // namespace myelin
