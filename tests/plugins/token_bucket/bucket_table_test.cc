// SPDX-License-Identifier: Apache-2.0
//
// The table of keyed buckets: who is evicted, what memory it takes, and what is left of races.
#include "token_bucket/bucket_table.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "token_bucket/key_hash.h"

namespace myelin::token_bucket {
namespace {

struct Counters {
  uint64_t evicted = 0;
  uint64_t early = 0;
  EvictionMetrics Metrics() { return {sdk::Metric(&evicted), sdk::Metric(&early)}; }
};

size_t Owned(const BucketTable& table) {
  size_t owned = 0;
  for (size_t i = 0; i < table.set_count(); ++i) {
    for (const auto& key : table.set(i).keys) owned += key.load() != 0 ? 1u : 0u;
  }
  return owned;
}

TEST(BucketTable, RoundsKeysUpToWholeSets) {
  EXPECT_EQ(BucketTable(1).capacity(), 8u);
  EXPECT_EQ(BucketTable(8).capacity(), 8u);
  EXPECT_EQ(BucketTable(9).capacity(), 16u);
  EXPECT_EQ(BucketTable(10'000).capacity(), 10'000u);
  EXPECT_EQ(sizeof(BucketSet), 8u * 16u);
}

TEST(BucketTable, KeyKeepsItsBucket) {
  BucketTable table(8);
  table.Claim(7, 0).store(123);
  table.Claim(9, 0);
  EXPECT_EQ(table.Claim(7, 0).load(), 123);
}

TEST(BucketTable, HashOfZeroIsAKeyToo) {
  BucketTable table(8);
  table.Claim(0, 0).store(5);
  EXPECT_EQ(table.Claim(0, 0).load(), 5);
}

TEST(BucketTable, FullSetEvictsTheKeyIdleLongest) {
  Counters counters;
  BucketTable table(8, counters.Metrics());
  for (uint64_t key = 1; key <= 8; ++key) table.Claim(key, 0).store(static_cast<int64_t>(key == 5 ? 10 : 100 + key));
  table.Claim(99, 50);
  EXPECT_EQ(counters.evicted, 1u);
  EXPECT_EQ(counters.early, 0u);
  for (const uint64_t key : {1u, 2u, 3u, 4u, 6u, 7u, 8u})
    EXPECT_EQ(table.Claim(key, 50).load(), 100 + static_cast<int64_t>(key));
  EXPECT_EQ(counters.evicted, 1u);
}

TEST(BucketTable, EvictedKeyComesBackWithAFullBucket) {
  Counters counters;
  BucketTable table(8, counters.Metrics());
  for (uint64_t key = 1; key <= 8; ++key) table.Claim(key, 0).store(static_cast<int64_t>(1000 * key));
  EXPECT_LE(table.Claim(99, 50).load(), 50);
  EXPECT_EQ(counters.early, 1u);
}

TEST(BucketTable, MemoryStaysBoundedUnderAFloodOfKeys) {
  Counters counters;
  BucketTable table(1000, counters.Metrics());
  const HashSeed seed{1, 2};
  for (uint64_t i = 0; i < 100'000; ++i) table.Claim(SipHash(seed, std::to_string(i)), 0).store(1);
  EXPECT_EQ(Owned(table), table.capacity());
  EXPECT_EQ(counters.evicted, 100'000u - table.capacity());
}

TEST(BucketTable, HalfFullTableHardlyEvicts) {
  Counters counters;
  BucketTable table(10'000, counters.Metrics());
  const HashSeed seed{3, 4};
  for (uint64_t i = 0; i < 5'000; ++i) table.Claim(SipHash(seed, std::to_string(i)), 0).store(1);
  EXPECT_LT(counters.evicted, 75u);
}

TEST(BucketTable, KeyThatCameInTwiceIsMergedToItsLargerDebt) {
  BucketTable table(8);
  BucketSet& set = table.set(0);
  set.keys[2].store(42), set.tats[2].store(700);
  set.keys[5].store(42), set.tats[5].store(900);
  EXPECT_EQ(&table.Claim(42, 0), &set.tats[2]);
  EXPECT_EQ(set.tats[2].load(), 900);
  EXPECT_EQ(set.keys[5].load(), 0u);
}

TEST(BucketTable, ThreadsThatInsertTheSameKeysShareTheirBuckets) {
  BucketTable table(64);
  const HashSeed seed{5, 6};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5'000; ++i) table.Claim(SipHash(seed, std::to_string(i % 16)), 0).fetch_add(1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  int64_t total = 0;
  std::set<uint64_t> keys;
  for (size_t i = 0; i < table.set_count(); ++i) {
    for (const auto& key : table.set(i).keys) {
      EXPECT_TRUE(key.load() == 0 || keys.insert(key.load()).second);
    }
    for (const auto& tat : table.set(i).tats) total += tat.load();
  }
  EXPECT_EQ(keys.size(), 16u);
  EXPECT_EQ(total, 8 * 5'000);
}

TEST(BucketTable, EvictionRacesKeepEveryKeyInOneWay) {
  BucketTable table(8);
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 8; ++t) {
    threads.emplace_back([&table, t] {
      for (uint64_t i = 0; i < 20'000; ++i) table.Claim(1 + (i * (t + 1)) % 24, static_cast<int64_t>(i)).fetch_add(3);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (uint64_t key = 1; key <= 24; ++key) {
    table.Claim(key, 0);
    int ways = 0;
    for (const auto& owner : table.set(0).keys) ways += owner.load() == key ? 1 : 0;
    EXPECT_EQ(ways, 1);
  }
}

}  // namespace
}  // namespace myelin::token_bucket
