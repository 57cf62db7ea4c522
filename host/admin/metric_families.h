// SPDX-License-Identifier: Apache-2.0
//
// Gathers samples into prometheus-cpp's families and keeps the exposition valid whatever names and values come in.
// A local of MetricsText; one thread.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/stats.h"

namespace myelin {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

inline MetricLabels With(MetricLabels labels, std::string name, std::string value) {
  labels.push_back({std::move(name), std::move(value)});
  return labels;
}

class MetricFamilies final : public prometheus::Collectable {
 public:
  /// Add one sample to the family `name`, which is made when it is new. Label values need not be UTF-8. No two samples
  /// of a family may have the same labels.
  void Counter(std::string_view name, std::string_view help, MetricLabels labels, uint64_t value);
  void Gauge(std::string_view name, std::string_view help, MetricLabels labels, double value);
  /// `counts` are not cumulative, and have one more than `bounds`.
  void Histogram(std::string_view name, std::string_view help, MetricLabels labels, std::span<const double> bounds,
                 std::span<const uint64_t> counts, double sum);

  std::vector<prometheus::MetricFamily> Collect() const override { return families_; }

 private:
  prometheus::ClientMetric& AddSample(std::string_view name, std::string_view help, prometheus::MetricType type,
                                      MetricLabels labels);

  std::vector<prometheus::MetricFamily> families_;
  std::unordered_map<std::string, size_t> index_;
};

/// `name` with everything outside [a-zA-Z0-9_] replaced by `_`.
std::string MetricName(std::string_view name);

}  // namespace myelin
