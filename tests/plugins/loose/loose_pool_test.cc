// SPDX-License-Identifier: Apache-2.0
//
// The promises of loose, kept by a simulated host.
#include "loose/loose_pool.h"

#include <gtest/gtest.h>

#include <vector>

#include "plugins/support/pool_host.h"

namespace myelin {
namespace {

using Host = test::PoolHost<LoosePool>;
using test::kQueued;
using test::kSecond;

LooseSettings Sized(uint32_t size, uint32_t max_size, uint32_t streams = 100) {
  LooseSettings settings;
  settings.size = size;
  settings.max_size = max_size;
  settings.streams = streams;
  return settings;
}

TEST(LoosePool, StartsWithSizeConnections) {
  const LoosePool pool(Sized(3, 8));
  Host host(pool);
  EXPECT_EQ(host.live(), 3u);
}

TEST(LoosePool, WorkersShareOutSizeAndMaxSize) {
  const LoosePool pool(Sized(2, 5, 1));
  EXPECT_EQ(pool.MaxWorkers(), 5u);
  uint32_t started = 0;
  uint32_t most = 0;
  for (uint32_t worker = 0; worker < 3; ++worker) {
    Host host(pool, worker, 3);
    started += host.live();
    host.Start(20);
    most += host.live();
  }
  EXPECT_EQ(started, 2u);
  EXPECT_EQ(most, 5u);
}

TEST(LoosePool, ALightLoadDoesNotGrowIt) {
  const LoosePool pool(Sized(2, 8));
  Host host(pool);
  host.Connect();
  for (int i = 0; i < 1'000; ++i) host.End(host.Start());
  host.Start(50);
  EXPECT_EQ(host.opened(), 2u);
}

TEST(LoosePool, OpensOneMoreWhenEvenTheEmptiestIsHalfFull) {
  const LoosePool pool(Sized(2, 8, 10));
  Host host(pool);
  host.Connect();
  host.Start(10);
  EXPECT_EQ(host.live(), 2u);
  EXPECT_NE(host.Start(), 3u);  // goes to a ready one; the third is for those to come
  EXPECT_EQ(host.live(), 3u);
}

TEST(LoosePool, DoesNotOpenMoreWhileOneConnects) {
  const LoosePool pool(Sized(1, 8, 10));
  Host host(pool);
  host.Connect();
  host.Start(20);  // 10 on the first, 10 wait for the second
  EXPECT_EQ(host.live(), 2u);
  host.Start();
  EXPECT_EQ(host.live(), 3u);
}

TEST(LoosePool, ABurstBeforeTheFirstConnectionIsReadyOpensOnlyWhatItNeeds) {
  const LoosePool pool(Sized(2, 64, 100));
  Host host(pool);
  for (const uint64_t id : host.Start(500)) EXPECT_NE(id, kQueued);
  EXPECT_EQ(host.live(), 5u);
}

TEST(LoosePool, ExclusiveConnectionsGrowOneACallAndThenQueue) {
  const LoosePool pool(Sized(1, 10, 1));
  Host host(pool);
  for (uint32_t call = 1; call <= 10; ++call) {
    EXPECT_EQ(host.Start(), call);
    EXPECT_EQ(host.live(), call);
    host.Connect();
  }
  EXPECT_EQ(host.Start(), kQueued);
  EXPECT_EQ(host.live(), 10u);
}

TEST(LoosePool, NeverExceedsMaxSize) {
  const LoosePool pool(Sized(2, 4, 10));
  Host host(pool);
  for (int call = 0; call < 100; ++call) {
    host.Start();
    host.Connect();
    EXPECT_LE(host.live(), 4u);
  }
  uint32_t streams = 0;
  for (const myelin_connection& connection : host.connections()) streams += connection.streams;
  EXPECT_EQ(streams, 40u);
}

TEST(LoosePool, ThePeersLimitCountsAsTheStreams) {
  const LoosePool pool(Sized(1, 3, 100));
  Host host(pool);
  host.Connect(4);
  host.Start(3);
  EXPECT_EQ(host.live(), 2u);  // two of four is half full
  for (int call = 0; call < 9; ++call) {
    host.Connect(4);
    EXPECT_NE(host.Start(), kQueued);
  }
  EXPECT_EQ(host.Start(), kQueued);
}

TEST(LoosePool, GrowsEvenWhenNobodyLimitsTheStreams) {
  const LoosePool pool(Sized(1, 8, 0));
  Host host(pool);
  host.Connect();
  host.Start(50);
  EXPECT_EQ(host.live(), 1u);
  host.Start();
  EXPECT_EQ(host.live(), 2u);
}

TEST(LoosePool, ShrinksToSizeWhenTheLoadIsGone) {
  LooseSettings settings = Sized(2, 64, 1);
  settings.idle_ns = 10 * kSecond;
  const LoosePool pool(settings);
  Host host(pool);
  const auto calls = host.Start(20);
  host.Connect();
  EXPECT_EQ(host.live(), 20u);
  host.End(calls);
  host.Pass(9);
  EXPECT_EQ(host.live(), 20u);
  host.Pass(1);
  EXPECT_EQ(host.live(), 2u);
  host.Pass(600);
  EXPECT_EQ(host.live(), 2u);
  EXPECT_EQ(host.opened(), 20u);
}

TEST(LoosePool, ALightLoadLetsTheRestFallIdle) {
  LooseSettings settings = Sized(1, 64, 1);
  settings.idle_ns = 10 * kSecond;
  const LoosePool pool(settings);
  Host host(pool);
  const auto calls = host.Start(20);
  host.Connect();
  host.End(calls);
  for (int second = 0; second < 12; ++second) {
    const auto two = host.Start(2);
    host.Pass(1);
    host.End(two);
  }
  EXPECT_EQ(host.live(), 2u);
}

TEST(LoosePool, ConnectionsInUseAreNotClosed) {
  LooseSettings settings = Sized(1, 64, 1);
  settings.idle_ns = kSecond;
  const LoosePool pool(settings);
  Host host(pool);
  host.Start(5);
  host.Connect();
  host.Pass(60);
  EXPECT_EQ(host.Count(MYELIN_CONNECTION_READY), 5u);
}

TEST(LoosePool, IdleZeroNeverShrinks) {
  LooseSettings settings = Sized(1, 64, 1);
  settings.idle_ns = 0;
  const LoosePool pool(settings);
  Host host(pool);
  const auto calls = host.Start(5);
  host.Connect();
  host.End(calls);
  host.Pass(86'400);
  EXPECT_EQ(host.live(), 5u);
}

TEST(LoosePool, NotKeptWarmAllIdleConnectionsCloseAndReopenOnDemand) {
  LooseSettings settings = Sized(2, 64);
  settings.idle_ns = 10 * kSecond;
  settings.keep_warm = false;
  const LoosePool pool(settings);
  Host host(pool);
  host.Connect();
  host.Pass(60);
  EXPECT_EQ(host.live(), 2u);  // no call yet
  host.End(host.Start());
  host.Pass(60);
  EXPECT_EQ(host.live(), 0u);
  EXPECT_EQ(host.opened(), 2u);
  EXPECT_EQ(host.Start(), 3u);
}

TEST(LoosePool, RetiresByAgeFinishesTheCallsAndRefillsToSize) {
  LooseSettings settings = Sized(2, 64, 1);
  settings.max_life_ns = 100 * kSecond;
  settings.idle_ns = 0;
  const LoosePool pool(settings);
  Host host(pool);
  const auto calls = host.Start(5);
  host.Connect();
  host.Pass(89);
  EXPECT_EQ(host.Count(MYELIN_CONNECTION_DRAINING), 0u);
  host.Pass(22);
  EXPECT_EQ(host.Count(MYELIN_CONNECTION_DRAINING), 5u);
  EXPECT_EQ(host.live(), 2u);
  EXPECT_GT(host.Start(), 5u);
  host.End(calls);
  EXPECT_EQ(host.Count(MYELIN_CONNECTION_DRAINING), 0u);
}

TEST(LoosePool, RefillsToSizeWhenConnectionsAreLost) {
  const LoosePool pool(Sized(2, 64));
  Host host(pool);
  host.Connect();
  host.Lose(1);
  EXPECT_EQ(host.live(), 2u);
}

TEST(LoosePool, OpensForCallsThatQueueWhenAllIsLost) {
  const LoosePool pool(Sized(1, 3, 10));
  Host host(pool);
  host.Connect();
  host.set_queued(25);
  host.Lose(1);
  EXPECT_EQ(host.live(), 3u);
  host.Tick();
  EXPECT_EQ(host.live(), 3u);
}

TEST(LoosePool, ConnectionsThatConnectCountForTheCallsThatQueue) {
  const LoosePool pool(Sized(2, 64, 10));
  Host host(pool);
  host.set_queued(20);
  host.Tick();
  EXPECT_EQ(host.live(), 2u);
}

}  // namespace
}  // namespace myelin
