// SPDX-License-Identifier: Apache-2.0
//
// Reads the Prometheus text exposition format strictly: what this refuses, a scraper may refuse.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace myelin::test {

struct PrometheusPage {
  std::map<std::string, std::string> types;  // family name: counter, gauge, histogram
  std::map<std::string, double> samples;     // `name{a="b",c="d"}`, labels as written: value
  std::vector<std::string> faults;           // what is wrong with it; empty for a valid page

  bool Has(const std::string& sample) const { return samples.contains(sample); }
};

PrometheusPage ParsePrometheus(std::string_view text);

}  // namespace myelin::test
