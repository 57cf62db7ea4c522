// SPDX-License-Identifier: Apache-2.0
//
// What can only be said of a configuration as a whole: names and addresses that clash, routes that lead
// nowhere, endpoints that get nothing. Used by native.cc. [control]
#pragma once

#include "base/diagnostics.h"
#include "config/config.h"

namespace myelin {

/// Checks `config`, as read from `root`.
void CheckWholeConfig(const Config& config, const Node& root, Diagnostics& diagnostics);

}  // namespace myelin
