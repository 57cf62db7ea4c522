// SPDX-License-Identifier: Apache-2.0
//
// The metrics that policies register. A cell is written by plugins on any thread and outlives them, so that a
// policy which writes late writes into live memory. Owned by main.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "base/stats.h"

namespace myelin {

class MetricCells {
 public:
  /// [any] The cell of this metric; the same one for the same proxy, policy and name.
  uint64_t* Add(PluginMetric description);
  /// [any] All metrics with their values now.
  std::vector<PluginMetric> Read() const;

 private:
  struct Cell {
    PluginMetric description;
    uint64_t value = 0;
  };
  mutable std::mutex mutex_;
  std::deque<Cell> cells_;  // a deque, for addresses must stay
};

}  // namespace myelin
