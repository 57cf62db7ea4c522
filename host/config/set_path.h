// SPDX-License-Identifier: Apache-2.0
//
// `--set proxies.orders.timeouts.queue=2s`: finds or makes the place that a dotted path names. Used by overrides.cc.
// [control]
#pragma once

#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "base/node.h"

namespace myelin {

/// Sets what `text`, KEY=VALUE, says. A step is a key, the name of a list's entry, or `[index]`; the index after the
/// last appends. VALUE is YAML. Errors have the origin "--set KEY".
void ApplySet(std::string_view text, Node& root, Diagnostics& diagnostics);

}  // namespace myelin
