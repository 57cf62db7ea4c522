// SPDX-License-Identifier: Apache-2.0
//
// Finds the API key that a caller presents, in a time that does not depend on which key it is, nor on how much of one
// it got right: every byte of every key is compared, whatever has been found by then. Immutable, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "access/key_file.h"

namespace myelin::access {

class KeyRing {
 public:
  static constexpr int64_t kUnknown = -1;

  /// `keys` differ from each other.
  explicit KeyRing(const std::vector<ApiKey>& keys);

  struct Match {
    int64_t index;      // of the key, or kUnknown
    uint64_t compared;  // keys looked at: all of them
  };

  /// The key equal to `presented`. Time: number of keys × length of the longest. No allocation.
  Match Find(std::string_view presented) const;

  size_t size() const { return sizes_.size(); }
  /// Whose key it is; empty if the file does not say.
  const std::string& Name(int64_t index) const { return names_[static_cast<size_t>(index)]; }
  bool HasName(std::string_view name) const;

 private:
  size_t words_;                 // a key's, padded: those of the longest
  std::vector<uint64_t> bytes_;  // size() × words_, filled up with zeros
  std::vector<uint64_t> sizes_;
  std::vector<std::string> names_;
};

}  // namespace myelin::access
