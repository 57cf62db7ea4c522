// SPDX-License-Identifier: Apache-2.0
//
// The usual two-pointer match: after a mismatch only the last `*` takes one more byte, so it never explodes.
#include "access/glob.h"

#include <stdexcept>
#include <utility>

namespace myelin::access {

Glob::Glob(std::string pattern)
    : pattern_(std::move(pattern)), literal_(pattern_.find_first_of("*?") == std::string::npos) {
  if (pattern_.empty()) throw std::invalid_argument("an empty pattern matches nothing; '*' matches anything");
  if (pattern_.size() > kMaxSize) {
    throw std::invalid_argument("the pattern has " + std::to_string(pattern_.size()) + " bytes; at most " +
                                std::to_string(kMaxSize) + " are accepted");
  }
}

bool Glob::Matches(std::string_view text) const {
  if (literal_) return text == pattern_;
  size_t at = 0;
  size_t in = 0;
  size_t star = std::string::npos;
  size_t resume = 0;
  while (at < text.size()) {
    if (in < pattern_.size() && pattern_[in] == '*') {
      star = in++;
      resume = at;
    } else if (in < pattern_.size() && (pattern_[in] == '?' || pattern_[in] == text[at])) {
      ++in, ++at;
    } else if (star != std::string::npos) {
      in = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  return pattern_.find_first_not_of('*', in) == std::string::npos;
}

}  // namespace myelin::access
