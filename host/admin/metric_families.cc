// SPDX-License-Identifier: Apache-2.0
//
// Samples into families.
#include "admin/metric_families.h"

#include <algorithm>

#include "base/log_escape.h"

namespace myelin {

void MetricFamilies::Counter(std::string_view name, std::string_view help, MetricLabels labels, uint64_t value) {
  AddSample(name, help, prometheus::MetricType::Counter, std::move(labels)).counter.value = static_cast<double>(value);
}

void MetricFamilies::Gauge(std::string_view name, std::string_view help, MetricLabels labels, double value) {
  AddSample(name, help, prometheus::MetricType::Gauge, std::move(labels)).gauge.value = value;
}

void MetricFamilies::Histogram(std::string_view name, std::string_view help, MetricLabels labels,
                               std::span<const double> bounds, std::span<const uint64_t> counts, double sum) {
  auto& histogram = AddSample(name, help, prometheus::MetricType::Histogram, std::move(labels)).histogram;
  uint64_t cumulative = 0;
  for (size_t i = 0; i < bounds.size(); ++i) {
    cumulative += counts[i];
    histogram.bucket.push_back({cumulative, bounds[i]});
  }
  // The cells are read while workers write them; the count is taken from the buckets so that the two always agree.
  histogram.sample_count = cumulative + counts.back();
  histogram.sample_sum = sum;
}

prometheus::ClientMetric& MetricFamilies::AddSample(std::string_view name, std::string_view help,
                                                    prometheus::MetricType type, MetricLabels labels) {
  const auto [found, is_new] = index_.try_emplace(std::string(name), families_.size());
  if (is_new) {
    std::string line;
    AppendPrintable(line, help);
    families_.push_back({std::string(name), std::move(line), type, {}});
  }
  for (auto& label : labels) label.value = ReplaceInvalidUtf8(label.value);
  auto& metrics = families_[found->second].metric;
  metrics.emplace_back().label = std::move(labels);
  return metrics.back();
}

std::string MetricName(std::string_view name) {
  std::string out(name);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'); },
      '_');
  return out;
}

}  // namespace myelin
