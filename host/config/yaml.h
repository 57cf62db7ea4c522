// SPDX-License-Identifier: Apache-2.0
//
// YAML text to Node, the only place that sees yaml-cpp. Every value keeps its line and column, a quoted
// scalar stays text, a key written twice is an error, anchors and `<<` work within a bound. [control]
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "base/node.h"

namespace myelin {

/// Bounds on one document, aliases expanded: far above any real configuration, far below harm.
inline constexpr size_t kMaxYamlNodes = 100'000;
inline constexpr size_t kMaxYamlDepth = 64;
inline constexpr size_t kMaxYamlBytes = 4u << 20;

/// Parses one document. What is wrong goes to `diagnostics`; nullopt when there is no usable tree.
/// `source` is how origins and messages call the text.
std::optional<Node> ParseYaml(std::string_view text, const std::string& source, Diagnostics& diagnostics);

/// ParseYaml of a file's content. A file that cannot be read is a diagnostic too.
std::optional<Node> ReadYamlFile(const std::string& path, Diagnostics& diagnostics);

}  // namespace myelin
