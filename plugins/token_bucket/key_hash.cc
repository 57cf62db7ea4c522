// SPDX-License-Identifier: Apache-2.0
//
// SipHash-2-4, written from the paper; its test vectors are in the tests.
#include "token_bucket/key_hash.h"

#include <bit>
#include <cstddef>
#include <random>

namespace myelin::token_bucket {
namespace {

struct State {
  uint64_t v0, v1, v2, v3;

  void Round() {
    v0 += v1, v1 = std::rotl(v1, 13), v1 ^= v0, v0 = std::rotl(v0, 32);
    v2 += v3, v3 = std::rotl(v3, 16), v3 ^= v2;
    v0 += v3, v3 = std::rotl(v3, 21), v3 ^= v0;
    v2 += v1, v1 = std::rotl(v1, 17), v1 ^= v2, v2 = std::rotl(v2, 32);
  }

  void Absorb(uint64_t word) {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }
};

constexpr size_t kWordSize = 8;

// Bytes as a little-endian word, whatever the machine. Inlined, a `size` of 8 is one load.
inline uint64_t Word(const char* bytes, size_t size) {
  uint64_t word = 0;
  for (size_t i = 0; i < size; ++i) word |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return word;
}

}  // namespace

uint64_t SipHash(const HashSeed& seed, std::string_view text) {
  State state{seed.k0 ^ 0x736f6d6570736575, seed.k1 ^ 0x646f72616e646f6d, seed.k0 ^ 0x6c7967656e657261,
              seed.k1 ^ 0x7465646279746573};
  const uint64_t length = text.size();
  for (; text.size() >= kWordSize; text.remove_prefix(kWordSize)) state.Absorb(Word(text.data(), kWordSize));
  state.Absorb(Word(text.data(), text.size()) | length << 56);
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.Round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

HashSeed RandomSeed() {
  std::random_device source;
  const auto word = [&source] { return uint64_t{source()} << 32 | source(); };
  return {word(), word()};
}

}  // namespace myelin::token_bucket
