// SPDX-License-Identifier: Apache-2.0
//
// SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a keyed 64-bit hash. Callers choose
// the text of a key, so without a secret seed they could choose which buckets collide. Pure function, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace myelin::token_bucket {

/// The secret of a hash.
struct HashSeed {
  uint64_t k0;
  uint64_t k1;
};

/// SipHash-2-4 of `text` under `seed`.
uint64_t SipHash(const HashSeed& seed, std::string_view text);

/// A seed from the system's random source. [control]
HashSeed RandomSeed();

}  // namespace myelin::token_bucket
