// SPDX-License-Identifier: Apache-2.0
//
// More random bits out of the 64 that the host hands to a hook, without state. Any thread.
// Algorithm: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
#pragma once

#include <cstdint>

namespace myelin {

// 64 bits that depend on every bit of `value`.
inline uint64_t Mix64(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

// A stream of random numbers that lives as long as one hook.
class RandomStream {
 public:
  explicit RandomStream(uint64_t seed) : state_(seed) {}

  uint64_t Next() { return Mix64(state_ += 0x9e3779b97f4a7c15u); }

  // A number less than `bound`, which is not 0; as even as 32 bits allow.
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(((Next() >> 32) * bound) >> 32); }

  // True with this probability.
  bool Chance(double probability) { return static_cast<double>(Next() >> 11) * 0x1.0p-53 < probability; }

 private:
  uint64_t state_;
};

}  // namespace myelin
