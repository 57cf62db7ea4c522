// SPDX-License-Identifier: Apache-2.0
//
// Patterns over method paths, services and metadata values: `*` stands for any bytes (also none, also '/'), `?` for one
// byte, everything else for itself. Immutable, any thread.
#pragma once

#include <string>
#include <string_view>

namespace myelin::access {

class Glob {
 public:
  /// Longer patterns are refused: they bound what one value can cost to match.
  static constexpr size_t kMaxSize = 256;

  /// Throws std::invalid_argument if `pattern` is empty or too long.
  explicit Glob(std::string pattern);

  /// Whether all of `text` matches. At most pattern × text steps; no allocation.
  bool Matches(std::string_view text) const;

 private:
  std::string pattern_;
  bool literal_;
};

}  // namespace myelin::access
