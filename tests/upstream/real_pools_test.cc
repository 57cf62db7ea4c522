// SPDX-License-Identifier: Apache-2.0
//
// The pools of this tree at work: strict and loose, loaded as a user's are, over a fake network.
#include "upstream/pool_world.h"

namespace myelin::test {
namespace {

class RealPoolsTest : public ::testing::Test, protected PoolWorld {
 protected:
  void Use(const std::string& name, std::initializer_list<std::pair<std::string, std::string>> written) {
    Make(policies.Load<myelin_pool>(name, OptionsOf(written)));
    pool().Start();
  }
  void AllReady() {
    for (size_t i = 0; i < connector.opened(); ++i) {
      if (!connector[i].open && !connector[i].closed) connector[i].GetReady();
    }
  }
  FakeWaiter& Call() {
    endpoint->AddInFlight();
    return Acquire();
  }
};

TEST_F(RealPoolsTest, StrictOpensItsSizeAndNoMore) {
  Use("strict", {{"size", "3"}, {"streams", "1"}});
  EXPECT_EQ(connector.opened(), 3u);
  AllReady();
  for (int i = 0; i < 5; ++i) Call();
  EXPECT_EQ(Counters().queued.Get(), 2u);
  Pass(1100ms);
  EXPECT_TRUE(waiters[3].refused && waiters[4].refused);
  EXPECT_EQ(connector.opened(), 3u);
  for (size_t i = 0; i < 3; ++i) Release(waiters[i]);
}

TEST_F(RealPoolsTest, StrictReplacesAConnectionThatBroke) {
  Use("strict", {{"size", "2"}});
  AllReady();
  connector[0].open = false;
  Pass(1100ms);
  EXPECT_TRUE(connector[0].closed);
  EXPECT_EQ(connector.live(), 2u);
}

TEST_F(RealPoolsTest, StrictRetiresByMaxLifeAndFinishesTheCalls) {
  Use("strict", {{"size", "1"}, {"max_life", "10s"}});
  AllReady();
  FakeWaiter& call = Call();
  ASSERT_EQ(call.stream, &connector[0]);
  Pass(12s);
  EXPECT_FALSE(connector[0].closed) << "it has a call";
  EXPECT_EQ(Counters().draining.Get(), 1u);
  ASSERT_EQ(connector.opened(), 2u);
  AllReady();
  FakeWaiter& next = Call();
  EXPECT_EQ(next.stream, &connector[1]);
  Release(call);
  EXPECT_TRUE(connector[0].closed);
  Release(next);
}

TEST_F(RealPoolsTest, LooseGrowsWithTheLoadAndShrinksWhenIdle) {
  Use("loose", {{"size", "1"}, {"max_size", "4"}, {"streams", "2"}, {"idle", "5s"}});
  EXPECT_EQ(connector.opened(), 1u);
  AllReady();
  for (int i = 0; i < 8; ++i) {
    Call();
    AllReady();
  }
  EXPECT_EQ(connector.live(), 4u);
  for (FakeWaiter& call : waiters) {
    ASSERT_NE(call.stream, nullptr);
    Release(call);
  }
  Pass(7s);
  EXPECT_EQ(connector.live(), 1u);
}

TEST_F(RealPoolsTest, AnOutageEndsByItselfAndLeavesTheSizeOpen) {
  Use("strict", {{"size", "3"}});
  for (int round = 0; round < 5; ++round) {
    for (size_t i = 0; i < connector.opened(); ++i) {
      if (!connector[i].closed) connector[i].Fail();
    }
    Pass(3s);
  }
  EXPECT_GE(connector.live(), 1u);
  AllReady();
  Pass(1100ms);
  AllReady();
  EXPECT_EQ(Counters().ready.Get(), 3u);
  EXPECT_EQ(health.back(), "up");
}

// Every way through the pool, at random: nothing may be lost, counted twice or left behind.
TEST_F(RealPoolsTest, RandomTroubleLeavesNothingBehind) {
  for (const char* name : {"strict", "loose"}) {
    shard_pool.reset();
    Use(name, {{"size", "2"}, {"streams", "3"}, {"idle", "2s"}, {"max_life", "5s"}});
    Random random(42);
    for (int step = 0; step < 20'000; ++step) {
      const size_t any = random.Next() % std::max<size_t>(connector.opened(), 1);
      const bool exists = any < connector.opened() && !connector[any].closed;
      switch (random.Next() % 8) {
        case 0:
        case 1:
          Call();
          break;
        case 2:
        case 3:
          if (!waiters.empty()) {
            FakeWaiter& call = waiters[random.Next() % waiters.size()];
            call.stream != nullptr ? Release(call) : pool().Abandon(call);
          }
          break;
        case 4:
          if (exists && Counters().connecting.Get() > 0 && !connector.last().open && !connector.last().closed) {
            connector.last().Fail();
          }
          break;
        case 5:
          AllReady();
          break;
        case 6:
          if (exists && connector[any].open && random.Next() % 4 == 0) connector[any].open = false;
          break;
        default:
          Pass(std::chrono::milliseconds(random.Next() % 300));
      }
    }
    for (FakeWaiter& call : waiters) call.stream != nullptr ? Release(call) : pool().Abandon(call);
    EXPECT_EQ(Counters().queued.Get(), 0u) << name;
    waiters.clear();
    EXPECT_LE(connector.live(), 70u) << name;
  }
}

}  // namespace
}  // namespace myelin::test
