// SPDX-License-Identifier: Apache-2.0
//
// What a check found out about a plugin, as plain values, and how it is printed. Made by CheckPlugin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace myelin {

struct Finding {
  bool error = true;  // false: a warning, the plugin still conforms
  std::string text;
};

/// What one call of a hot hook costs.
struct HookCost {
  std::string hook;
  uint32_t size = 0;  // endpoints or connections shown to it
  double median_ns = 0;
  std::optional<uint64_t> allocations_per_1000;  // of calls; absent where nobody counts
};

/// How often a balancer picked an endpoint.
struct Share {
  std::string address;
  uint32_t weight = 0;
  uint64_t picks = 0;
};

struct PolicyReport {
  std::string kind;
  std::string name;
  std::vector<Finding> findings;
  std::vector<HookCost> costs;
  std::vector<Share> shares;

  bool conforming() const;
};

struct CheckReport {
  std::string file;
  std::string plugin;  // "name 1.0.0 by vendor, ABI 1.0"; empty when it cannot be loaded
  std::vector<Finding> findings;
  std::vector<PolicyReport> policies;

  bool conforming() const;
};

/// For people: a paragraph per policy with a table of costs and a plot of the shares.
std::string ReportText(const CheckReport& report);
/// For programs.
std::string ReportJson(const CheckReport& report);

}  // namespace myelin
