// SPDX-License-Identifier: Apache-2.0
//
// One entry of `proxies:` in the native schema. Used by native.cc. [control]
#pragma once

#include <string>

#include "base/diagnostics.h"
#include "config/config.h"
#include "config/guards.h"
#include "config/reader.h"

namespace myelin {

/// What a proxy takes from the top of the file when it does not say it itself.
struct ProxyDefaults {
  PumpKind pump = PumpKind::kFrame;
  Origin pump_origin;
  bool access_log = false;
  Origin access_log_origin;
  GuardDefaults guards;
  ProxyLimits limits;
  const Node* limits_node = nullptr;  // the file's `limits:`
};

/// `pump:` of a map, or `fallback` with the origin of that.
PumpKind ReadPump(MapReader& map, PumpKind fallback, const Origin& fallback_origin);

/// Reads `node`, the proxy at `index`. `effective` receives it with defaults filled in.
ProxyConfig ReadProxy(const Node& node, size_t index, const ProxyDefaults& defaults, Diagnostics& diagnostics,
                      Node& effective);

}  // namespace myelin
