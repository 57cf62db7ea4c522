// SPDX-License-Identifier: Apache-2.0
//
// The promises of strict, kept by a simulated host.
#include "strict/strict_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "plugins/support/pool_host.h"

namespace myelin {
namespace {

using Host = test::PoolHost<StrictPool>;
using test::kQueued;
using test::kSecond;

StrictSettings Sized(uint32_t size, uint32_t streams = 100) {
  StrictSettings settings;
  settings.size = size;
  settings.streams = streams;
  return settings;
}

TEST(StrictPool, OpensExactlySizeBeforeTheFirstCall) {
  const StrictPool pool(Sized(4));
  Host host(pool);
  EXPECT_EQ(host.live(), 4u);
  host.Pass(100);
  EXPECT_EQ(host.opened(), 4u);
}

TEST(StrictPool, WorkersShareOutTheSize) {
  const StrictPool pool(Sized(7));
  EXPECT_EQ(pool.MaxWorkers(), 7u);
  uint32_t sum = 0;
  for (uint32_t worker = 0; worker < 3; ++worker) sum += Host(pool, worker, 3).live();
  EXPECT_EQ(sum, 7u);
}

TEST(StrictPool, NeverGrowsAndQueuesWhenAllAreFull) {
  const StrictPool pool(Sized(2, 3));
  Host host(pool);
  host.Connect();
  for (const uint64_t id : host.Start(6)) EXPECT_NE(id, kQueued);
  EXPECT_EQ(host.Start(), kQueued);
  EXPECT_EQ(host.live(), 2u);
}

TEST(StrictPool, AQueuedCallFindsTheSlotThatWasFreed) {
  const StrictPool pool(Sized(1, 1));
  Host host(pool);
  host.Connect();
  const uint64_t id = host.Start();
  EXPECT_EQ(host.Start(), kQueued);
  host.End(id);
  EXPECT_EQ(host.Start(), id);
}

TEST(StrictPool, SpreadsCallsEvenly) {
  const StrictPool pool(Sized(4));
  Host host(pool);
  host.Connect();
  host.Start(40);
  for (const myelin_connection& connection : host.connections()) EXPECT_EQ(connection.streams, 10u);
}

TEST(StrictPool, CallsOneAfterTheOtherUseAllConnections) {
  const StrictPool pool(Sized(4));
  Host host(pool);
  host.Connect();
  std::set<uint64_t> used;
  for (int i = 0; i < 4; ++i) {
    const uint64_t id = host.Start();
    used.insert(id);
    host.End(id);
  }
  EXPECT_EQ(used.size(), 4u);
}

TEST(StrictPool, PrefersAReadyConnectionToAnEmptierOneThatConnects) {
  const StrictPool pool(Sized(2));
  Host host(pool);
  host.Connect();
  host.Lose(1);
  EXPECT_EQ(host.Count(MYELIN_CONNECTION_CONNECTING), 1u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(host.Start(), 2u);
}

TEST(StrictPool, CallsWaitForAConnectionThatConnectsUpToItsStreams) {
  const StrictPool pool(Sized(1, 2));
  Host host(pool);
  EXPECT_EQ(host.Start(), 1u);
  EXPECT_EQ(host.Start(), 1u);
  EXPECT_EQ(host.Start(), kQueued);
}

TEST(StrictPool, ThePeersLimitCapsTheStreams) {
  const StrictPool pool(Sized(1));
  Host host(pool);
  host.Connect(5);
  for (const uint64_t id : host.Start(5)) EXPECT_EQ(id, 1u);
  EXPECT_EQ(host.Start(), kQueued);
}

TEST(StrictPool, WithoutALimitOfItsOwnThePeersAloneCounts) {
  const StrictPool pool(Sized(1, 0));
  Host host(pool);
  host.Connect(1'000);
  for (const uint64_t id : host.Start(1'000)) EXPECT_EQ(id, 1u);
  EXPECT_EQ(host.Start(), kQueued);
}

TEST(StrictPool, ReplacesAConnectionThatWasLost) {
  const StrictPool pool(Sized(3));
  Host host(pool);
  host.Connect();
  host.Lose(2);
  EXPECT_EQ(host.live(), 3u);
  EXPECT_EQ(host.opened(), 4u);
}

TEST(StrictPool, RetiresByAgeFinishesTheCallsAndOpensAReplacement) {
  StrictSettings settings = Sized(1);
  settings.max_life_ns = 100 * kSecond;
  const StrictPool pool(settings);
  Host host(pool);
  host.Connect();
  const uint64_t id = host.Start();
  host.Pass(111);
  EXPECT_EQ(host.Count(MYELIN_CONNECTION_DRAINING), 1u);
  EXPECT_EQ(host.live(), 1u);
  EXPECT_NE(host.Start(), id);
  host.End(id);
  EXPECT_EQ(host.Count(MYELIN_CONNECTION_DRAINING), 0u);
}

TEST(StrictPool, RetirementIsSpreadOverATenthEachWay) {
  StrictSettings settings = Sized(64);
  settings.max_life_ns = 100 * kSecond;
  const StrictPool pool(settings);
  Host host(pool);
  host.Connect();
  host.Pass(89);
  EXPECT_EQ(host.opened(), 64u);
  uint64_t most = 0;
  for (int second = 0; second < 22; ++second) {
    const uint64_t before = host.opened();
    host.Pass(1);
    EXPECT_EQ(host.live(), 64u);
    most = std::max(most, host.opened() - before);
  }
  EXPECT_EQ(host.opened(), 128u);
  EXPECT_LE(most, 16u);
}

class StrictPoolIdle : public testing::Test {
 protected:
  StrictPoolIdle() : pool_(Settings()), host_(pool_) { host_.Connect(); }

  static StrictSettings Settings() {
    StrictSettings settings = Sized(3, 2);
    settings.idle_ns = 10 * kSecond;
    return settings;
  }

  const StrictPool pool_;
  Host host_;
};

TEST_F(StrictPoolIdle, ConnectionsStayOpenUntilTheFirstCall) {
  host_.Pass(60);
  EXPECT_EQ(host_.opened(), 3u);
  EXPECT_EQ(host_.live(), 3u);
}

TEST_F(StrictPoolIdle, ClosesWhatIsIdleAndLeavesItClosed) {
  host_.End(host_.Start());
  host_.Pass(9);
  EXPECT_EQ(host_.live(), 3u);
  host_.Pass(1);
  EXPECT_EQ(host_.live(), 0u);
  host_.Pass(60);
  EXPECT_EQ(host_.opened(), 3u);
}

TEST_F(StrictPoolIdle, AConnectionInUseIsNotIdle) {
  const uint64_t id = host_.Start();
  host_.Pass(60);
  ASSERT_EQ(host_.live(), 1u);
  EXPECT_EQ(host_.connections()[0].id, id);
}

TEST_F(StrictPoolIdle, ReopensOnDemandUpToSize) {
  host_.End(host_.Start());
  host_.Pass(60);
  EXPECT_EQ(host_.Start(), 4u);  // opened for this call
  for (int call = 0; call < 8; ++call) {
    host_.Connect();
    host_.Start();
  }
  EXPECT_EQ(host_.live(), 3u);
  EXPECT_EQ(host_.opened(), 6u);
}

TEST_F(StrictPoolIdle, ReopensAheadOfNeedWhileTheOthersAreBusy) {
  host_.End(host_.Start());
  host_.Pass(60);
  host_.Start();
  host_.Connect();
  EXPECT_EQ(host_.live(), 1u);
  EXPECT_EQ(host_.Start(), 4u);  // takes the busy one that is ready rather than wait
  EXPECT_EQ(host_.live(), 2u);
}

TEST_F(StrictPoolIdle, OpensForCallsThatQueueWhenAllIsLost) {
  host_.set_picked();
  host_.set_queued(5);
  for (uint64_t id = 1; id <= 3; ++id) host_.Lose(id);
  EXPECT_EQ(host_.live(), 3u);
}

TEST_F(StrictPoolIdle, ARetiredConnectionInUseIsReplacedEvenSo) {
  StrictSettings settings = Settings();
  settings.max_life_ns = 30 * kSecond;
  const StrictPool pool(settings);
  Host host(pool);
  host.Connect();
  host.Start();
  host.Pass(35);
  EXPECT_EQ(host.Count(MYELIN_CONNECTION_DRAINING), 1u);
  EXPECT_EQ(host.live(), 1u);
}

TEST(StrictPool, DrainsWhatIsTooMuchWhenWorkersBecomeMore) {
  const StrictPool pool(Sized(4));
  Host host(pool);
  host.Connect();
  host.set_worker_count(2);
  host.Pass(2);
  EXPECT_EQ(host.live(), 2u);
  EXPECT_EQ(host.opened(), 4u);
}

TEST(StrictPool, ATickWithoutRoomGoesOnWithTheNext) {
  const StrictPool pool(Sized(100));
  Host host(pool);
  EXPECT_EQ(host.live(), 64u);
  host.Tick();
  EXPECT_EQ(host.live(), 100u);
}

}  // namespace
}  // namespace myelin
