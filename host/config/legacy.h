// SPDX-License-Identifier: Apache-2.0
//
// The Go gateway's two files, mapped onto the native schema: `convert` prints the tree made here and
// native.cc reads it, so there is one path. Origins point into the legacy files. [control]
#pragma once

#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "base/node.h"

namespace myelin {

struct LegacyResult {
  Node native;
  std::vector<std::string> revived_keys;  // "file:line:col: KEY …": no effect in the original, an effect here
};

/// Whether the tree has the top key `proxy:` with `proxy_list:` (ProxyConfig.yaml).
bool IsLegacyProxies(const Node& root);

/// Whether the tree has any of Config.yaml's keys (RUN_MODE, HTTP_SERVER_PORT, LOG_LEVEL, …) and no proxies.
bool IsLegacyHost(const Node& root);

/// Maps the files. `host` may be nullptr. Odd values and unknown keys are warnings, since the file must load unchanged.
LegacyResult MapLegacy(const Node& proxies, const Node* host, Diagnostics& diagnostics);

}  // namespace myelin
