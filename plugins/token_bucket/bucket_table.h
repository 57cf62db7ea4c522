// SPDX-License-Identifier: Apache-2.0
//
// The buckets of a limiter with keys: a fixed, set-associative table that all workers share, owned by the policy's
// instance. A key's hash names one set of eight ways; a key that finds no way of its own takes over the one that has
// been full longest, so memory is bounded and nothing on the way of a call allocates or locks. What races cost is
// stated in README.md. Claim and Size are [any], the rest [control].
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <myelin/cpp/host.hpp>

#include "token_bucket/rate.h"

namespace myelin::token_bucket {

/// Eight buckets. Two cache lines, so that a search reads only the first.
struct alignas(64) BucketSet {
  static constexpr size_t kWays = 8;
  std::array<std::atomic<uint64_t>, kWays> keys{};  // the hash of the key that owns the way; 0: nobody
  std::array<Tat, kWays> tats{};
};

/// Counters that tell whether the table is large enough.
struct EvictionMetrics {
  sdk::Metric evicted;        // keys that made room for another
  sdk::Metric evicted_early;  // of these, keys whose bucket was not full again, so that their debt was forgotten
};

class BucketTable {
 public:
  /// Room for `max_keys` keys, rounded up to whole sets; 16 bytes a key.
  explicit BucketTable(uint64_t max_keys, EvictionMetrics metrics = {});

  /// The bucket of the key that hashes to `hash`; a full one if the key is new. `now` in the buckets' units. Valid as
  /// long as the table; another key may take it over at any time.
  Tat& Claim(uint64_t hash, int64_t now);

  size_t set_count() const { return set_count_; }
  size_t capacity() const { return set_count_ * BucketSet::kWays; }

  /// The sets, for saving them and for tests.
  BucketSet& set(size_t index) { return sets_[index]; }
  const BucketSet& set(size_t index) const { return sets_[index]; }
  /// Which set `hash` belongs to.
  size_t SetOf(uint64_t hash) const;

 private:
  void Insert(BucketSet& set, uint64_t hash, int64_t now);

  size_t set_count_;
  std::unique_ptr<BucketSet[]> sets_;
  EvictionMetrics metrics_;
};

}  // namespace myelin::token_bucket
