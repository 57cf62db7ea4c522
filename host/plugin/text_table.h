// SPDX-License-Identifier: Apache-2.0
//
// Lays out text for a terminal: columns padded to their widest cell, and sentences broken at a width. Pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace myelin {

/// Rows of cells as lines, two spaces between columns; no line ends in spaces.
std::string AlignColumns(const std::vector<std::vector<std::string>>& rows, std::string_view indent = "");

/// `text` in lines of at most `width` characters, each after `indent`.
std::string Wrap(std::string_view text, std::string_view indent, size_t width = 100);

}  // namespace myelin
