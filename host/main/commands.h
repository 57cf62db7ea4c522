// SPDX-License-Identifier: Apache-2.0
//
// What `myelin` does for each command: one function each, answering the exit code. They may throw StartupError.
#pragma once

#include "cli/command_line.h"

namespace myelin {

int Run(const CommandLine& command);

int Check(const CommandLine& command);
int Dump(const CommandLine& command);
int Convert(const CommandLine& command);
int Plugins(const CommandLine& command);

/// Asks a running myelin which policies it uses and how they do.
int PluginsStatus(const CommandLine& command);

/// Talks to a running myelin: reload, swap, drain.
int Remote(const CommandLine& command);

/// Prints every diagnostic to standard error.
void Print(const Diagnostics& diagnostics);

/// `dirs`, then the built-in ones: where plugins are searched.
std::vector<std::string> PluginDirs(std::vector<std::string> dirs);

/// Reads the configuration; prints what there is to say. Throws StartupError when there are errors.
LoadedConfig ReadOrThrow(const CommandLine& command, Diagnostics& diagnostics);

}  // namespace myelin
