// SPDX-License-Identifier: Apache-2.0
//
// The binary: parses the command line, runs the command, turns errors into sentences and exit codes
// (0 fine, 1 configuration or start-up error, 2 usage).
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "main/commands.h"
#include "main/preflight.h"
#include "plugin_check/check.h"

namespace myelin {
namespace {

int Dispatch(const CommandLine& command) {
  switch (command.command) {
    case Command::kRun:
      return Run(command);
    case Command::kCheck:
      return Check(command);
    case Command::kDump:
      return Dump(command);
    case Command::kConvert:
      return Convert(command);
    case Command::kPlugins:
      return Plugins(command);
    case Command::kReload:
    case Command::kRollback:
    case Command::kSwap:
    case Command::kDrain:
      return Remote(command);
    case Command::kHelp:
    case Command::kVersion:
      std::fputs(command.text.c_str(), stdout);
      return 0;
  }
  return 2;
}

std::string Sentence(const Diagnostic& diagnostic) {
  return diagnostic.origin.source.empty() ? "error: " + diagnostic.message : diagnostic.ToString();
}

int Main(const std::vector<std::string>& arguments) {
  try {
    if (!arguments.empty() && arguments[0] == kPreflightCommand) {
      return RunPluginCheck({arguments.begin() + 1, arguments.end()}, nullptr, std::cout, std::cerr);
    }
    return Dispatch(ParseCommandLine(arguments));
  } catch (const UsageError& error) {
    std::fprintf(stderr, "%s\n", error.ToString().c_str());
    return 2;
  } catch (const StartupError& error) {
    for (const Diagnostic& diagnostic : error.diagnostics()) {
      std::fprintf(stderr, "%s\n", Sentence(diagnostic).c_str());
    }
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}

}  // namespace
}  // namespace myelin

int main(int argc, char** argv) { return myelin::Main(std::vector<std::string>(argv + 1, argv + argc)); }
