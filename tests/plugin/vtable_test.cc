// SPDX-License-Identifier: Apache-2.0
#include "plugin/vtable.h"

#include <gtest/gtest.h>

#include <cstddef>

namespace myelin {
namespace {

int destroyed_shards = 0;
void DestroyShard(void*, void*) { ++destroyed_shards; }
void Done(void*, const myelin_call_result*, uint32_t, uint32_t) {}
int32_t Save(void*, void*, uint64_t, uint64_t*) { return MYELIN_OK; }

TEST(VtableTest, FunctionsBeyondTheTablesSizeAreNotRead) {
  myelin_balancer table{};
  table.struct_size = offsetof(myelin_balancer, done);
  table.done = Done;
  table.save = Save;
  const myelin_balancer copy = CopyBalancer(&table);
  EXPECT_EQ(copy.done, nullptr);
  EXPECT_EQ(copy.save, nullptr);
  EXPECT_EQ(copy.struct_size, sizeof(myelin_balancer));
}

TEST(VtableTest, WhatANewerTableHasMoreIsIgnored) {
  struct Newer {
    myelin_limiter known;
    void* more[4];
  } table{};
  table.known.struct_size = sizeof(table);
  table.known.done = Done;
  const myelin_limiter copy = CopyLimiter(&table);
  EXPECT_EQ(copy.done, &Done);
  EXPECT_EQ(copy.struct_size, sizeof(myelin_limiter));
}

TEST(VtableTest, GapsBecomeFunctionsThatDoNothing) {
  myelin_balancer balancer{};
  FillGaps(balancer);
  void* prepared = nullptr;
  EXPECT_EQ(balancer.update(nullptr, nullptr, &prepared, nullptr), MYELIN_OK);
  balancer.release(nullptr, nullptr);
  balancer.done(nullptr, nullptr, 0, 0);
  balancer.destroy(nullptr);
  myelin_pool pool{};
  FillGaps(pool);
  pool.tick(nullptr, nullptr, nullptr);
  EXPECT_EQ(pool.max_workers(nullptr), 0u);
  myelin_limiter limiter{};
  FillGaps(limiter);
  limiter.done(nullptr, nullptr, 0, 0);
  limiter.destroy_shard(nullptr, nullptr);
}

TEST(VtableTest, SaveAndLoadStayAbsent) {
  myelin_pool pool{};
  FillGaps(pool);
  EXPECT_EQ(pool.save, nullptr);
  EXPECT_EQ(pool.load, nullptr);
}

TEST(VtableTest, WithoutCreateShardTheShardIsTheInstanceAndIsNotDestroyed) {
  myelin_balancer table{};
  table.destroy_shard = DestroyShard;
  FillGaps(table);
  int instance = 0;
  void* shard = nullptr;
  EXPECT_EQ(table.create_shard(&instance, 3, &shard, nullptr), MYELIN_OK);
  EXPECT_EQ(shard, &instance);
  table.destroy_shard(&instance, shard);
  EXPECT_EQ(destroyed_shards, 0);
}

}  // namespace
}  // namespace myelin
