// SPDX-License-Identifier: Apache-2.0
//
// What `myelin swap` asks for, as the admin listener gets it. Plain functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "proxy/generation.h"

namespace myelin {

/// Reads {"proxy": …, "balancer": "NAME[=options]", "pool": …, "limiters": […], "shadow": true, "canary": "5%"}; to be
/// used only without errors.
PolicySwap ParseSwap(std::string_view text, Diagnostics& diagnostics);

/// "proxy orders has balancer min_conn as a shadow"
std::string Described(const PolicySwap& swap);

}  // namespace myelin
