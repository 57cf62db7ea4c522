// SPDX-License-Identifier: Apache-2.0
//
// A pool in C++ as the host meets it: through its table of functions.
#include <gtest/gtest.h>

#include "sdk/fakes.h"

namespace myelin {
namespace {

const myelin_pool& kBare = FunctionsOf<myelin_pool>("bare_pool");
const myelin_pool& kFull = FunctionsOf<myelin_pool>("full_pool");

/// An instance of "full_pool" for `limit` workers, and three busy connections, larger than this SDK knows them.
class FullPool : public testing::Test {
 protected:
  FullPool() { Create("4"); }
  ~FullPool() override { kFull.destroy(instance_); }

  void Create(const char* limit) {
    if (instance_ != nullptr) kFull.destroy(instance_);
    const FakeOptions options({{"limit", {limit, {}}}});
    ASSERT_EQ(kFull.create(host_.raw(), options.raw(), &instance_, nullptr), MYELIN_OK);
    for (Later<myelin_connection>& connection : connections_) {
      connection.item.streams = 10;
      connection.item.stream_limit = 10;
    }
    view_.connection_count = 3;
    view_.connection_stride = sizeof(connections_[0]);
    view_.connections = &connections_[0].item;
    view_.worker = 1;
    view_.worker_count = 4;
  }

  std::vector<Later<myelin_tick_command>> Tick(uint32_t capacity, uint32_t* count) {
    std::vector<Later<myelin_tick_command>> commands(8);
    myelin_tick tick{sizeof(tick), capacity, 0, sizeof(commands[0]), &commands[0].item};
    kFull.tick(instance_, &view_, &tick);
    *count = tick.count;
    return commands;
  }

  FakeHost host_;
  std::vector<Later<myelin_connection>> connections_{3};
  myelin_pool_view view_{};
  myelin_call call_{};
  myelin_acquire acquire_{};
  void* instance_ = nullptr;
};

TEST(Pool, LeavesOutWhatThePolicyDoesNotHave) {
  EXPECT_EQ(kBare.struct_size, sizeof(myelin_pool));
  EXPECT_NE(kBare.acquire, nullptr);
  EXPECT_EQ(kBare.tick, nullptr);
  EXPECT_EQ(kBare.max_workers, nullptr);
  EXPECT_EQ(kBare.create_shard, nullptr);
  EXPECT_EQ(kBare.save, nullptr);
}

TEST(Pool, NeedsNoConstructorOfItsOwn) {
  void* instance = nullptr;
  ASSERT_EQ(kBare.create(FakeHost().raw(), FakeOptions().raw(), &instance, nullptr), MYELIN_OK);
  const myelin_pool_view view{};
  const myelin_call call{};
  myelin_acquire acquire{};
  EXPECT_EQ(kBare.acquire(instance, &view, &call, &acquire), MYELIN_ACQUIRE_OPEN);
  kBare.destroy(instance);
}

TEST_F(FullPool, FindsAConnectionByItsStride) {
  connections_[2].item.streams = 9;
  EXPECT_EQ(kFull.acquire(instance_, &view_, &call_, &acquire_), MYELIN_ACQUIRE_USE);
  EXPECT_EQ(acquire_.index, 2u);
  EXPECT_EQ(acquire_.open, 2u);
}

TEST_F(FullPool, QueuesWithATimeAndOpensItsShareBesides) {
  EXPECT_EQ(kFull.acquire(instance_, &view_, &call_, &acquire_), MYELIN_ACQUIRE_QUEUE);
  EXPECT_EQ(acquire_.queue_ms, 250u);
  EXPECT_EQ(acquire_.open, 2u);
}

TEST_F(FullPool, FailsWithAStatusAndAMessage) {
  view_.queued = 4;
  EXPECT_EQ(kFull.acquire(instance_, &view_, &call_, &acquire_), MYELIN_ACQUIRE_FAIL);
  EXPECT_EQ(acquire_.status, MYELIN_GRPC_RESOURCE_EXHAUSTED);
  EXPECT_EQ(sdk::ToView(acquire_.message), "full");
}

TEST_F(FullPool, AnExceptionFromAcquireIsNoVerdict) {
  call_.attempt = 99;
  EXPECT_EQ(kFull.acquire(instance_, &view_, &call_, &acquire_), UINT32_MAX);
}

TEST_F(FullPool, TickWritesItsCommandsByTheHostsStride) {
  uint32_t count = 0;
  const auto commands = Tick(8, &count);
  ASSERT_EQ(count, 5u);
  EXPECT_EQ(commands[0].item.verb, MYELIN_TICK_OPEN);
  EXPECT_EQ(commands[3].item.verb, MYELIN_TICK_DRAIN);
  EXPECT_EQ(commands[3].item.index, 2u);
  EXPECT_EQ(commands[4].item.verb, MYELIN_TICK_NOTE);
  EXPECT_EQ(commands[4].item.value, 17u);
  EXPECT_EQ(commands[4].unknown[0], ~0ull) << "what lies between the commands is the host's";
}

TEST_F(FullPool, TickStopsWhereTheRoomEnds) {
  uint32_t count = 0;
  const auto commands = Tick(2, &count);
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(commands[2].item.verb, 0u);
}

TEST_F(FullPool, ATickThatThrowsWishesNothing) {
  view_.queued = 99;
  uint32_t count = 1;
  Tick(8, &count);
  EXPECT_EQ(count, 0u);
}

TEST_F(FullPool, SaysOnHowManyWorkersItCanBeSharedOut) { EXPECT_EQ(kFull.max_workers(instance_), 4u); }

TEST_F(FullPool, ServesOneWorkerIfItCannotSay) {
  Create("99");
  EXPECT_EQ(kFull.max_workers(instance_), 1u);
}

}  // namespace
}  // namespace myelin
