// SPDX-License-Identifier: Apache-2.0
//
// What the user typed, taken apart: the only place that sees Boost.Program_options. It checks that the words
// fit together and leaves their values to config/. Called once by main, before any thread.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "config/read_config.h"

namespace myelin {

enum class Command { kRun, kCheck, kDump, kConvert, kPlugins, kReload, kRollback, kSwap, kDrain, kHelp, kVersion };
enum class PluginsAction { kList, kDescribe, kCheck, kStatus };
enum class OutputFormat { kText, kJson };

/// Where reload looks for a running myelin when nobody says.
inline constexpr const char* kDefaultAdmin = "127.0.0.1:9850";

struct CommandLine {
  Command command = Command::kRun;
  std::string text;    // kHelp, kVersion: what to print on standard output, before exiting with 0
  ConfigInput config;  // kRun, kCheck, kDump, kConvert, and kPlugins where it says where plugins are
  OutputFormat output = OutputFormat::kText;

  PluginsAction plugins_action = PluginsAction::kList;  // kPlugins
  std::string plugin;                                   // kDescribe: a policy's name or a path; kCheck: a path
  std::vector<std::string> plugin_dirs;                 // --plugin-dir, also in `config` as overrides

  bool watch = false;  // kRun: apply the configuration's files again when they change

  std::string admin;  // kReload, kRollback, kSwap, kDrain, kStatus: the running myelin's admin address
  std::string proxy;  // kSwap
  std::optional<std::string> balancer;  // kSwap: NAME[=options], for ParsePolicyFlag
  std::optional<std::string> pool;      // kSwap, likewise
  std::vector<std::string> limiters;    // kSwap, likewise
  bool shadow = false;                  // kSwap: tried beside the one that runs
  std::optional<std::string> canary;    // kSwap: likewise, for this share of the calls
};

/// The words do not fit together. main prints it on standard error and exits with 2.
class UsageError : public std::runtime_error {
 public:
  /// `topic` is the command to point to for help: "check", or "" for the general help.
  UsageError(const std::string& message, std::string topic) : std::runtime_error(message), topic_(std::move(topic)) {}

  /// Two lines, without a line end: what is wrong, and which --help says more.
  std::string ToString() const;

 private:
  std::string topic_;
};

/// Parses main's arguments without the program's name. Throws UsageError.
CommandLine ParseCommandLine(const std::vector<std::string>& arguments);

}  // namespace myelin
