// SPDX-License-Identifier: Apache-2.0
//
// The part of an inspection that looks at one policy: its name, interface, function table and option table.
#pragma once

#include <myelin/plugin.h>

#include <cstdint>
#include <string>

#include "plugin/plugin.h"

namespace myelin {

/// Checks policy `index` and adds it to `plugin`, or a warning if its interface is unknown here. Answers what is wrong
/// with it, naming it, or "".
std::string AddPolicy(const myelin_policy& policy, uint32_t index, Plugin& plugin);

}  // namespace myelin
