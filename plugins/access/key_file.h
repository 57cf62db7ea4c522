// SPDX-License-Identifier: Apache-2.0
//
// The file of API keys: `NAME KEY` or `KEY` a line, blank lines and lines that begin with `#` left out. Errors name
// file and line, and never show a key. [control]
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace myelin::access {

struct ApiKey {
  std::string name;  // whose key it is; empty if the file does not say
  std::string key;
};

/// Longer keys are refused.
constexpr size_t kMaxKeySize = 256;

/// The keys in `text`; `source` names it in errors. Several keys may have one name, so that a key can be changed
/// without a gap. Throws std::invalid_argument if a line is wrong, a key comes twice, or there is none.
std::vector<ApiKey> ParseKeys(std::string_view text, const std::string& source);

struct KeyFile {
  std::vector<ApiKey> keys;
  std::string warning;  // a sentence about the file's permissions, or empty
};

/// Reads and parses the file at `path`. Throws as ParseKeys does, and if it cannot be read.
KeyFile ReadKeyFile(const std::string& path);

}  // namespace myelin::access
