// SPDX-License-Identifier: Apache-2.0
//
// The commands that look and tell: check, dump, convert, plugins.
#include <cstdio>
#include <iostream>
#include <string>

#include "base/control_thread.h"
#include "main/commands.h"
#include "plugin/describe.h"
#include "plugin_check/check.h"
#include "policy/metric_cells.h"
#include "proxy/generation.h"

namespace myelin {
namespace {

void Out(const std::string& text) { std::fputs(text.c_str(), stdout); }

}  // namespace

std::vector<std::string> PluginDirs(std::vector<std::string> dirs) {
  for (std::string& dir : Catalog::BuiltInDirs()) dirs.push_back(std::move(dir));
  return dirs;
}

void Print(const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics.all()) std::fprintf(stderr, "%s\n", diagnostic.ToString().c_str());
}

LoadedConfig ReadOrThrow(const CommandLine& command, Diagnostics& diagnostics) {
  LoadedConfig loaded = ReadConfig(command.config, diagnostics);
  if (diagnostics.HasErrors()) throw StartupError(diagnostics.all());
  return loaded;
}

// Goes on to the policies even if the file has errors, so that a user sees all of them at once.
int Check(const CommandLine& command) {
  Diagnostics diagnostics;
  const LoadedConfig loaded = ReadConfig(command.config, diagnostics);
  ControlThread control;
  Logger log(LogOptions{LogLevel::kError, LogFormat::kText, {}, 0});
  MetricCells metrics;
  Catalog catalog(PluginDirs(loaded.config.plugin_dirs));
  Generation::Build(loaded.config, {catalog, control, metrics, log}, diagnostics);
  Print(diagnostics);
  if (diagnostics.HasErrors()) return 1;
  const size_t proxies = loaded.config.proxies.size();
  Out("the configuration is fine: " + std::to_string(proxies) + (proxies == 1 ? " proxy\n" : " proxies\n"));
  return 0;
}

int Dump(const CommandLine& command) {
  Diagnostics diagnostics;
  const LoadedConfig loaded = ReadOrThrow(command, diagnostics);
  Print(diagnostics);
  Out(command.output == OutputFormat::kJson ? DumpJson(loaded) : DumpYaml(loaded));
  return 0;
}

int Convert(const CommandLine& command) {
  Diagnostics diagnostics;
  const LoadedConfig loaded = ReadOrThrow(command, diagnostics);
  Print(diagnostics);
  for (const std::string& key : loaded.revived_keys) std::fprintf(stderr, "note: %s\n", key.c_str());
  Out(command.output == OutputFormat::kJson ? ConvertToNativeJson(loaded) : ConvertToNative(loaded));
  return 0;
}

int Plugins(const CommandLine& command) {
  const bool json = command.output == OutputFormat::kJson;
  if (command.plugins_action == PluginsAction::kCheck) {
    const std::vector<std::string> arguments{command.plugin, "--output", json ? "json" : "text"};
    return RunPluginCheck(arguments, nullptr, std::cout, std::cerr);
  }
  if (command.plugins_action == PluginsAction::kStatus) return PluginsStatus(command);
  std::vector<std::string> dirs = command.plugin_dirs;
  if (!command.config.files.empty()) {
    Diagnostics diagnostics;
    dirs = ReadOrThrow(command, diagnostics).config.plugin_dirs;
  }
  Catalog catalog(PluginDirs(std::move(dirs)));
  if (command.plugins_action == PluginsAction::kList) {
    const auto listings = catalog.List();
    Out(json ? PluginListJson(listings) : PluginListText(listings));
    return 0;
  }
  Diagnostics diagnostics;
  const auto policies = catalog.Describe(command.plugin, Origin{"command line"}, diagnostics);
  if (policies.empty()) throw StartupError(diagnostics.all());
  if (json) Out(DescribeJson(policies));
  for (const PolicyHandle* policy : policies) {
    if (!json) Out(DescribeText(*policy));
  }
  return 0;
}

}  // namespace myelin
