// SPDX-License-Identifier: Apache-2.0
//
// Node to text: YAML that ParseYaml reads back to the same tree, and JSON for programs. Pure functions, any thread.
#pragma once

#include <string>

#include "base/node.h"

namespace myelin {

enum class OriginComments { kNo, kYes };

/// Block-style YAML. With kYes every scalar ends in `# where it came from`.
std::string WriteYaml(const Node& node, OriginComments comments = OriginComments::kNo);

/// Indented JSON. A scalar without quotes that reads as a boolean or a number becomes one.
std::string WriteJson(const Node& node);

/// `{"config": …, "origins": {"proxies[0].name": "orders.yaml:3:11", …}}`
std::string WriteJsonWithOrigins(const Node& node);

}  // namespace myelin
