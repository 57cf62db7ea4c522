// SPDX-License-Identifier: Apache-2.0
//
// How a key finds its way in a set, and what happens when two workers insert at once. [any]
#include "token_bucket/bucket_table.h"

#include <algorithm>

namespace myelin::token_bucket {
namespace {

constexpr size_t kNone = BucketSet::kWays;

// Two workers that insert one new key into a set without a free way may pick different victims, as charges move the
// oldest TAT. The first way of a key is the one that counts; what was charged to a later one moves there.
void Merge(BucketSet& set, uint64_t hash, size_t first, size_t later) {
  const int64_t charged = set.tats[later].load(std::memory_order_relaxed);
  int64_t kept = set.tats[first].load(std::memory_order_relaxed);
  while (kept < charged && !set.tats[first].compare_exchange_weak(kept, charged, std::memory_order_relaxed)) {
  }
  set.keys[later].compare_exchange_strong(hash, 0, std::memory_order_acq_rel);
}

size_t Find(BucketSet& set, uint64_t hash) {
  size_t found = kNone;
  for (size_t way = 0; way < BucketSet::kWays; ++way) {
    if (set.keys[way].load(std::memory_order_acquire) != hash) continue;
    if (found == kNone) {
      found = way;
    } else {
      Merge(set, hash, found, way);
    }
  }
  return found;
}

// The way to take over, and its owner as seen then. way == kNone: `hash` has come in meanwhile.
struct Victim {
  size_t way;
  uint64_t owner;
};

// A way without an owner, else the one whose TAT is oldest.
Victim FindVictim(const BucketSet& set, uint64_t hash) {
  Victim victim{kNone, 0};
  int64_t oldest = INT64_MAX;
  for (size_t way = 0; way < BucketSet::kWays; ++way) {
    const uint64_t owner = set.keys[way].load(std::memory_order_acquire);
    if (owner == hash) return {kNone, 0};
    const int64_t tat = owner == 0 ? INT64_MIN : set.tats[way].load(std::memory_order_relaxed);
    if (tat < oldest) oldest = tat, victim = {way, owner};
  }
  return victim;
}

}  // namespace

BucketTable::BucketTable(uint64_t max_keys, EvictionMetrics metrics)
    : set_count_(std::max<uint64_t>(1, (max_keys + BucketSet::kWays - 1) / BucketSet::kWays)),
      sets_(std::make_unique<BucketSet[]>(set_count_)),
      metrics_(metrics) {}

size_t BucketTable::SetOf(uint64_t hash) const {
  __extension__ using Wide = unsigned __int128;
  return static_cast<size_t>((Wide{hash} * set_count_) >> 64);
}

Tat& BucketTable::Claim(uint64_t hash, int64_t now) {
  if (hash == 0) hash = 1;
  BucketSet& owner = sets_[SetOf(hash)];
  // Looks again after inserting, for the key may have come in twice. Each turn means that another worker got on.
  for (;;) {
    const size_t way = Find(owner, hash);
    if (way != kNone) return owner.tats[way];
    Insert(owner, hash, now);
  }
}

void BucketTable::Insert(BucketSet& set, uint64_t hash, int64_t now) {
  auto [way, owner] = FindVictim(set, hash);
  if (way == kNone) return;
  const bool evicts = owner != 0;
  int64_t tat = set.tats[way].load(std::memory_order_relaxed);
  if (!set.keys[way].compare_exchange_strong(owner, hash, std::memory_order_acq_rel)) return;
  if (evicts) metrics_.evicted.Add();
  if (tat <= now) return;
  if (evicts) metrics_.evicted_early.Add();
  // If a call was charged meanwhile, the new key keeps the old one's debt: it gets less, never more.
  set.tats[way].compare_exchange_strong(tat, now, std::memory_order_relaxed);
}

}  // namespace myelin::token_bucket
