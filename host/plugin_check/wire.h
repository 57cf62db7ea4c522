// SPDX-License-Identifier: Apache-2.0
//
// How the child that runs a plugin tells the parent what it sees: one JSON object per line, written at once, so that
// nothing said is lost when the next call crashes.
#pragma once

#include <mutex>
#include <string>

#include "plugin_check/report.h"

namespace myelin {

/// The child's end. Any thread of the child.
class ReportWriter {
 public:
  explicit ReportWriter(int descriptor) : descriptor_(descriptor) {}

  /// What is about to be tried: "pick among 3 endpoints".
  void Stage(const std::string& text);
  void Error(const std::string& text);
  void Warning(const std::string& text);
  void Cost(const HookCost& cost);
  void Picked(const Share& share);
  /// The plugin as a whole, and a policy in it.
  void Plugin(const std::string& text);
  void Policy(const std::string& kind, const std::string& name);

 private:
  void Write(const std::string& line);

  int descriptor_;
  std::mutex mutex_;
};

/// The parent's end: takes lines and remembers the last stage.
class ReportReader {
 public:
  void Take(const std::string& line);

  const std::string& stage() const { return stage_; }
  const std::string& plugin() const { return plugin_; }
  const std::vector<PolicyReport>& policies() const { return policies_; }
  PolicyReport& report() { return report_; }

 private:
  std::string stage_;
  std::string plugin_;
  std::vector<PolicyReport> policies_;  // named, not yet checked
  PolicyReport report_;                 // findings, costs and shares
};

}  // namespace myelin
