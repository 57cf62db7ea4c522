// SPDX-License-Identifier: Apache-2.0
//
// The options that a user of the check gives on the command line, as a policy's configuration would have them.
#pragma once

#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "base/node.h"
#include "plugin/plugin.h"

namespace myelin {

/// Of "name=value" and "policy.name=value" those that mean this policy: the first form means every policy that
/// declares the name. A name given twice is a list; a value that begins with '{' or '[' is JSON.
Node GivenOptions(const PolicyHandle& policy, const std::vector<std::string>& given, Diagnostics& diagnostics);

/// Those of `given` that mean none of the policies, or are not of either form.
std::vector<std::string> UnusedOptions(const Plugin& plugin, const std::vector<std::string>& given);

}  // namespace myelin
