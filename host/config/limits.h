// SPDX-License-Identifier: Apache-2.0
//
// `limits:` at the top of the native schema and in a proxy. Used by native.cc and native_proxy.cc. [control]
#pragma once

#include "base/limits.h"
#include "config/reader.h"

namespace myelin {

/// Reads `limits:` of the whole file from `map`. Returns the process's part; `proxies` receives what proxies begin
/// with.
HostLimits ReadHostLimits(MapReader& map, ProxyLimits& proxies);

/// Reads `limits:` of a proxy from `map`. `top` is the file's `limits:`, which `fallback` was read from, or nullptr.
ProxyLimits ReadProxyLimits(MapReader& map, const ProxyLimits& fallback, const Node* top);

}  // namespace myelin
