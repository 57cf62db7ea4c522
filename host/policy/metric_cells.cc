// SPDX-License-Identifier: Apache-2.0
#include "policy/metric_cells.h"

#include <utility>

namespace myelin {

uint64_t* MetricCells::Add(PluginMetric description) {
  std::lock_guard lock(mutex_);
  for (Cell& cell : cells_) {
    const PluginMetric& known = cell.description;
    if (known.name == description.name && known.proxy == description.proxy && known.policy == description.policy) {
      return &cell.value;
    }
  }
  return &cells_.emplace_back(Cell{std::move(description), 0}).value;
}

std::vector<PluginMetric> MetricCells::Read() const {
  std::lock_guard lock(mutex_);
  std::vector<PluginMetric> metrics;
  for (const Cell& cell : cells_) {
    metrics.push_back(cell.description);
    metrics.back().value = __atomic_load_n(&cell.value, __ATOMIC_RELAXED);
  }
  return metrics;
}

}  // namespace myelin
