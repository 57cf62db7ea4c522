// SPDX-License-Identifier: Apache-2.0
//
// What the command line changes in a configuration: `--set KEY=VALUE` and the flags that have names of their
// own. They edit the tree before it is read, so a value from a flag is checked like any other. [control]
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/node.h"

namespace myelin {

/// One flag as given: {"--set", "log.level=debug"}, {"--endpoint", "127.0.0.1:50051#10"}.
struct Override {
  std::string flag;
  std::string value;
};

/// The flags that overrides may have, "--set" among them.
std::span<const std::string_view> OverrideFlags();

/// Whether the flag belongs to a proxy (--listen, --endpoint, --balancer, --pool, --limiter, --pump).
bool IsProxyFlag(std::string_view flag);

/// Applies `overrides` in order. A flag that may be repeated replaces the file's list and then grows. Without
/// `has_file` proxy flags make a proxy named `default`; with a file of several proxies they are errors.
void ApplyOverrides(const std::vector<Override>& overrides, bool has_file, Node& root, Diagnostics& diagnostics);

}  // namespace myelin
