// SPDX-License-Identifier: Apache-2.0
//
// Which pumps this build has: the one place to edit when another is added. Constants, any thread.
#pragma once

#include <string_view>

#include "config/config.h"

namespace myelin {

/// Whether a pump of this kind is compiled in. ReadConfig warns about the others; the host serves with `generic`
/// instead.
constexpr bool IsPumpBuilt(PumpKind kind) { return kind == PumpKind::kGeneric || kind == PumpKind::kFrame; }

/// The name in YAML.
constexpr std::string_view PumpName(PumpKind kind) { return kind == PumpKind::kFrame ? "frame" : "generic"; }

}  // namespace myelin
