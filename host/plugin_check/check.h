// SPDX-License-Identifier: Apache-2.0
//
// The plugin check as a command: `myelin-plugin-check`, and `myelin plugins check`. It runs the plugin in child
// processes with a time limit, so whatever the plugin does, the answer comes. Call it from a process with one thread.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "base/units.h"
#include "plugin_check/report.h"

namespace myelin {

/// Answers how often the calling thread has allocated; nullptr where nobody counts.
using AllocationCounter = uint64_t (*)();

struct CheckRequest {
  std::string file;
  std::string policy;                              // "limiter/token_bucket", "limiter/": only these; "": all
  std::vector<std::string> options;                // "name=value" or "policy.name=value"
  Duration time_limit = std::chrono::seconds(60);  // of each policy
  AllocationCounter allocations = nullptr;
};

/// Checks one plugin.
CheckReport CheckPlugin(const CheckRequest& request);

/// The command. `arguments` without the program's name. Answers the exit code: 0 conforming, 1 not, 2 usage.
int RunPluginCheck(const std::vector<std::string>& arguments, AllocationCounter allocations, std::ostream& out,
                   std::ostream& err);

}  // namespace myelin
