// SPDX-License-Identifier: Apache-2.0
#include "plugin_check/check.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include "plugin/catalog.h"
#include "plugin/options.h"
#include "plugin_check/child.h"
#include "plugin_check/exercise.h"
#include "plugin_check/given_options.h"
#include "plugin_check/wire.h"

namespace myelin {
namespace {

// Where the children keep their private copies: a child that crashes cannot clean up after itself.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::error_code ignored;
    path_ = (std::filesystem::temp_directory_path(ignored) / "myelin-check-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  /// In a child: everything temporary goes here.
  void Enter() const {
    if (!path_.empty()) ::setenv("XDG_RUNTIME_DIR", path_.c_str(), 1);
  }

 private:
  std::string path_;
};

std::string Titled(const Plugin& plugin) {
  return plugin.name + " " + plugin.version + " by " + plugin.vendor + ", ABI " + std::to_string(plugin.abi_major) +
         "." + std::to_string(plugin.abi_minor);
}

void WarnOfMissingDocs(const OptionTable& table, const std::string& prefix, ReportWriter& report) {
  for (uint32_t i = 0; i < table.size(); ++i) {
    const std::string name = prefix + table[i].name;
    if (table[i].doc == nullptr || *table[i].doc == '\0') report.Warning("option '" + name + "' has no doc");
    WarnOfMissingDocs(FieldsOf(table[i]), name + ".", report);
  }
}

void Inspect(const CheckRequest& request, ReportWriter& report) {
  report.Stage("load");
  Catalog catalog({});
  std::string why;
  const Plugin* plugin = catalog.Load(request.file, why);
  if (plugin == nullptr) return report.Error(why);
  report.Plugin(Titled(*plugin));
  for (const std::string& warning : plugin->warnings) report.Warning(warning);
  for (const std::string& option : UnusedOptions(*plugin, request.options)) {
    report.Error("--option " + option + " means no policy of this plugin; write NAME=VALUE or POLICY.NAME=VALUE");
  }
  for (const auto& policy : plugin->policies) report.Policy(std::string(PolicyKindName(policy->kind)), policy->name);
}

void RunExercise(const CheckRequest& request, size_t index, ReportWriter& report) {
  report.Stage("load");
  Catalog catalog({});
  std::string why;
  const Plugin* plugin = catalog.Load(request.file, why);
  if (plugin == nullptr) return report.Error(why);
  const PolicyHandle& policy = *plugin->policies[index];
  if (policy.doc.empty()) report.Warning("the policy has no doc");
  WarnOfMissingDocs(policy.options, "", report);
  Diagnostics diagnostics;
  CheckedOptions options;
  CheckOptions(policy.options, GivenOptions(policy, request.options, diagnostics), diagnostics, options);
  for (const Diagnostic& diagnostic : diagnostics.all()) report.Error(diagnostic.message + "; see --option");
  if (diagnostics.HasErrors()) return;
  const Exercise exercise{policy, options.abi(), request.allocations, report};
  switch (policy.kind) {
    case PolicyKind::kBalancer:
      return ExerciseBalancer(exercise);
    case PolicyKind::kPool:
      return ExercisePool(exercise);
    case PolicyKind::kLimiter:
      return ExerciseLimiter(exercise);
  }
}

// Runs `body` in a child, and adds to its report how it ended if not well.
ReportReader Observe(const CheckRequest& request, const ScratchDirectory& scratch,
                     const std::function<void(ReportWriter&)>& body) {
  ReportReader reader;
  const std::string end = RunInChild(
      [&](int out) {
        scratch.Enter();
        ReportWriter report(out);
        body(report);
      },
      [&](const std::string& line) { reader.Take(line); }, request.time_limit);
  if (!end.empty()) {
    const std::string where = reader.stage().empty() ? "" : " during: " + reader.stage();
    reader.report().findings.push_back({true, "it " + end + where});
  }
  auto& findings = reader.report().findings;
  std::stable_partition(findings.begin(), findings.end(), [](const Finding& finding) { return finding.error; });
  return reader;
}

}  // namespace

CheckReport CheckPlugin(const CheckRequest& request) {
  CheckReport report;
  report.file = request.file;
  const ScratchDirectory scratch;
  ReportReader plugin = Observe(request, scratch, [&](ReportWriter& writer) { Inspect(request, writer); });
  report.plugin = plugin.plugin();
  report.findings = std::move(plugin.report().findings);
  for (size_t i = 0; i < plugin.policies().size(); ++i) {
    if (!(plugin.policies()[i].kind + "/" + plugin.policies()[i].name).starts_with(request.policy)) continue;
    ReportReader policy = Observe(request, scratch, [&](ReportWriter& writer) { RunExercise(request, i, writer); });
    policy.report().kind = plugin.policies()[i].kind;
    policy.report().name = plugin.policies()[i].name;
    report.policies.push_back(std::move(policy.report()));
  }
  return report;
}

}  // namespace myelin
