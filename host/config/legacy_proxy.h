// SPDX-License-Identifier: Apache-2.0
//
// One entry of the legacy `proxy_list`, mapped to a native proxy. Used by legacy.cc. [control]
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "base/node.h"

namespace myelin {

/// `listen_host` is LISTEN_PROXY_ADDR. nullopt for an entry that is switched off. Lines about keys that had no effect
/// in the original are added to `revived`.
std::optional<Node> MapLegacyProxy(const Node& entry, const std::string& listen_host, Diagnostics& diagnostics,
                                   std::vector<std::string>& revived);

}  // namespace myelin
