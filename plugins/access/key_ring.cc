// SPDX-License-Identifier: Apache-2.0
//
// The constant-time comparison. Nothing in Find branches on a secret: differences are gathered, then turned into a
// mask.
#include "access/key_ring.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace myelin::access {
namespace {

constexpr size_t kWordSize = sizeof(uint64_t);

// Keeps the compiler from seeing that a difference, once found, settles the comparison.
inline void Opaque(uint64_t& value) { __asm__("" : "+r"(value)); }

// All ones if `difference` is 0, else 0.
inline uint64_t EqualMask(uint64_t difference) { return ((difference | (0 - difference)) >> 63) - 1; }

}  // namespace

KeyRing::KeyRing(const std::vector<ApiKey>& keys) : words_(1) {
  for (const ApiKey& key : keys) words_ = std::max(words_, (key.key.size() + kWordSize - 1) / kWordSize);
  bytes_.resize(keys.size() * words_);
  for (const ApiKey& key : keys) {
    std::memcpy(bytes_.data() + sizes_.size() * words_, key.key.data(), key.key.size());
    sizes_.push_back(key.key.size());
    names_.push_back(key.name);
  }
}

KeyRing::Match KeyRing::Find(std::string_view presented) const {
  std::array<uint64_t, kMaxKeySize / kWordSize> padded;
  std::fill_n(padded.begin(), words_, 0);
  std::memcpy(padded.data(), presented.data(), std::min(presented.size(), words_ * kWordSize));
  uint64_t found = 0;  // index + 1; keys differ, so at most one is or-ed in
  uint64_t compared = 0;
  for (; compared < sizes_.size(); ++compared) {
    const uint64_t* key = bytes_.data() + compared * words_;
    uint64_t difference = sizes_[compared] ^ presented.size();
    for (size_t word = 0; word < words_; ++word) {
      difference |= key[word] ^ padded[word];
      Opaque(difference);
    }
    found |= EqualMask(difference) & (compared + 1);
  }
  return {static_cast<int64_t>(found) - 1, compared};
}

bool KeyRing::HasName(std::string_view name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

}  // namespace myelin::access
