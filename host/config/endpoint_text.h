// SPDX-License-Identifier: Apache-2.0
//
// Endpoints as they are written: `host:port#weight` or a map. Used by native_proxy.cc and the legacy reader. [control]
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/diagnostics.h"
#include "config/config.h"

namespace myelin {

inline constexpr uint32_t kMaxWeight = 1'000'000;
inline constexpr uint32_t kMaxPriority = 1000;

/// "10.0.0.1:50051#10" as its address and its weight; the weight is "" when there is none.
std::pair<std::string_view, std::string_view> SplitWeight(std::string_view text);

/// Reads one endpoint. nullopt after an error. `effective` receives the long form.
std::optional<EndpointConfig> ReadEndpoint(const Node& node, const std::string& path, Diagnostics& diagnostics,
                                           Node& effective);

}  // namespace myelin
