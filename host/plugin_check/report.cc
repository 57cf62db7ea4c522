// SPDX-License-Identifier: Apache-2.0
#include "plugin_check/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "plugin/text_table.h"

namespace myelin {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kBarWidth = 50;

bool NoErrors(const std::vector<Finding>& findings) {
  return std::none_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.error; });
}

std::string Fixed(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", number);
  return text;
}

std::string FindingLines(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) text += (finding.error ? "  error: " : "  warning: ") + finding.text + "\n";
  return text;
}

std::string CostLines(const std::vector<HookCost>& costs) {
  if (costs.empty()) return "";
  std::vector<std::vector<std::string>> rows{{"HOOK", "SIZE", "NS (MEDIAN)", "ALLOCATIONS PER 1000"}};
  for (const HookCost& cost : costs) {
    rows.push_back({cost.hook, std::to_string(cost.size), Fixed(cost.median_ns),
                    cost.allocations_per_1000 ? std::to_string(*cost.allocations_per_1000) : "not counted"});
  }
  return AlignColumns(rows, "  ");
}

// A bar as long as the share of picks, in which '|' stands where the weight would have it end.
std::string Bar(double picked, double due) {
  std::string bar(static_cast<size_t>(std::lround(picked * kBarWidth)), '#');
  const auto mark = static_cast<size_t>(std::lround(due * kBarWidth));
  bar.resize(std::max(bar.size(), mark + 1), ' ');
  bar[mark] = '|';
  return bar;
}

std::string ShareLines(const std::vector<Share>& shares) {
  double picks = 0;
  double weights = 0;
  for (const Share& share : shares) {
    picks += static_cast<double>(share.picks);
    weights += share.weight;
  }
  if (picks <= 0 || weights <= 0) return "";
  std::vector<std::vector<std::string>> rows{
      {"ENDPOINT", "WEIGHT", "DUE", "PICKED", "('|' is what the weight is due)"}};
  for (const Share& share : shares) {
    const double picked = static_cast<double>(share.picks) / picks;
    const double due = share.weight / weights;
    rows.push_back({share.address, std::to_string(share.weight), Fixed(due * 100) + " %", Fixed(picked * 100) + " %",
                    Bar(picked, due)});
  }
  return AlignColumns(rows, "  ");
}

Json FindingsJson(const std::vector<Finding>& findings) {
  Json all = Json::array();
  for (const Finding& finding : findings) {
    all.push_back({{"severity", finding.error ? "error" : "warning"}, {"text", finding.text}});
  }
  return all;
}

Json PolicyJson(const PolicyReport& policy) {
  Json json{{"kind", policy.kind},
            {"name", policy.name},
            {"conforming", policy.conforming()},
            {"findings", FindingsJson(policy.findings)},
            {"costs", Json::array()},
            {"shares", Json::array()}};
  for (const HookCost& cost : policy.costs) {
    json["costs"].push_back({{"hook", cost.hook}, {"size", cost.size}, {"median_ns", cost.median_ns}});
    if (cost.allocations_per_1000) json["costs"].back()["allocations_per_1000"] = *cost.allocations_per_1000;
  }
  for (const Share& share : policy.shares) {
    json["shares"].push_back({{"address", share.address}, {"weight", share.weight}, {"picks", share.picks}});
  }
  return json;
}

}  // namespace

bool PolicyReport::conforming() const { return NoErrors(findings); }

bool CheckReport::conforming() const {
  return NoErrors(findings) &&
         std::all_of(policies.begin(), policies.end(), [](const PolicyReport& policy) { return policy.conforming(); });
}

std::string ReportText(const CheckReport& report) {
  std::string text = report.file + (report.plugin.empty() ? "" : ": " + report.plugin) + "\n";
  text += FindingLines(report.findings);
  for (const PolicyReport& policy : report.policies) {
    text +=
        "\n" + policy.kind + " " + policy.name + ": " + (policy.conforming() ? "conforms" : "does not conform") + "\n";
    text += FindingLines(policy.findings);
    for (const std::string& part : {CostLines(policy.costs), ShareLines(policy.shares)}) {
      if (!part.empty()) text += "\n" + part;
    }
  }
  return text + "\n" + (report.conforming() ? "conforming" : "not conforming") + "\n";
}

std::string ReportJson(const CheckReport& report) {
  Json json{{"file", report.file},
            {"plugin", report.plugin},
            {"conforming", report.conforming()},
            {"findings", FindingsJson(report.findings)},
            {"policies", Json::array()}};
  for (const PolicyReport& policy : report.policies) json["policies"].push_back(PolicyJson(policy));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace myelin
