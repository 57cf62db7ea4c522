// SPDX-License-Identifier: Apache-2.0
//
// A policy as it is written: in YAML (`min_conn`, `{loose: {size: 4}}`) and on a command line
// (`min_conn`, `loose=size:4,idle:10s`, `loose={size: 4}`). Options are left to the plugin layer. [control]
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "config/config.h"

namespace myelin {

/// Reads `name` or a map of one entry, the name and its options. nullopt after an error; `path` is what messages call
/// it.
std::optional<PolicyConfig> ReadPolicy(const Node& node, const std::string& path, Diagnostics& diagnostics);

/// As ReadPolicy, where a policy can be tried beside it: the map may have `shadow` or `canary` as well.
std::optional<PolicyConfig> ReadPolicyWithTrial(const Node& node, const std::string& path, Diagnostics& diagnostics);

/// The shortest native form: the name, or a map of one entry when there are options.
Node PolicyToNode(const PolicyConfig& policy);

/// Turns the command line's form into YAML's, with `flag` ("--pool") as origin. Values are YAML; commas and colons
/// inside of brackets or quotes do not separate. nullopt after an error.
std::optional<Node> ParsePolicyFlag(std::string_view text, const std::string& flag, Diagnostics& diagnostics);

/// Gives the whole tree `origin`, for values that come from a flag and have no line.
void SetOrigin(Node& node, const Origin& origin);

}  // namespace myelin
