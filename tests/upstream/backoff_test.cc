// SPDX-License-Identifier: Apache-2.0
//
// Connects that fail: how long the pool waits, and what it says of the endpoint's health.
#include "upstream/pool_world.h"

namespace myelin::test {
namespace {

using ::testing::ElementsAre;
using ::testing::NiceMock;
using ::testing::Return;

class BackoffTest : public ::testing::Test, protected PoolWorld {
 protected:
  void Start(double jitter = 0) {
    options.backoff_jitter = jitter;
    Make(policies.Create("mock", MockTable(mock_)));
    ON_CALL(mock_, Acquire).WillByDefault(Return(MYELIN_ACQUIRE_OPEN));
  }
  /// Time until the pool connects again by itself.
  Duration UntilReconnect() {
    const size_t before = connector.opened();
    const uint64_t start = worker.now_ns;
    while (connector.opened() == before && worker.now_ns < start + 10'000 * kMs) Pass(1ms);
    return Duration(static_cast<int64_t>(worker.now_ns - start));
  }

  NiceMock<MockPool> mock_;
};

TEST_F(BackoffTest, DoublesUpToTheMaximum) {
  Start();
  Acquire();
  for (const Duration expected : {100ms, 200ms, 400ms, 800ms, 1600ms, 3000ms, 3000ms}) {
    connector.last().Fail();
    const Duration waited = UntilReconnect();
    EXPECT_GE(waited, expected);
    EXPECT_LE(waited, expected + 2ms);
  }
}

TEST_F(BackoffTest, BeginsAnewAfterAConnectThatSucceeds) {
  Start();
  Acquire();
  for (int i = 0; i < 4; ++i) {
    connector.last().Fail();
    UntilReconnect();
  }
  connector.last().GetReady();
  EXPECT_THAT(health, ElementsAre("down: connection refused", "up"));
  EXPECT_FALSE(pool().InBackoff());
  connector.last().open = false;
  Pass(1002ms);  // the tick drops it
  Acquire();
  connector.last().Fail();
  EXPECT_LE(UntilReconnect(), 102ms);
}

TEST_F(BackoffTest, ConnectsThatFailTogetherAreOneFailure) {
  Start();
  Acquire();
  Acquire();
  Acquire();
  for (size_t i = 0; i < 3; ++i) connector[i].Fail();
  EXPECT_LE(UntilReconnect(), 102ms);
  EXPECT_EQ(connector.opened(), 4u) << "one connect tries for all";
  connector[3].Fail();
  const Duration second = UntilReconnect();
  EXPECT_GE(second, 200ms);
  EXPECT_LE(second, 202ms);
  EXPECT_EQ(Counters().connect_failures.Get(), 4u);
}

TEST_F(BackoffTest, JitterStaysWithinItsShareAndSpreads) {
  Start(0.2);
  std::vector<Duration> waits;
  for (int i = 0; i < 40; ++i) {
    Acquire();
    connector.last().Fail();
    waits.push_back(UntilReconnect());
    connector.last().GetReady();
    connector.last().open = false;
    Pass(1002ms);
  }
  const auto [least, most] = std::minmax_element(waits.begin(), waits.end());
  EXPECT_GE(*least, 80ms);
  EXPECT_LE(*most, 122ms);
  EXPECT_GT(*most - *least, 20ms);
}

TEST_F(BackoffTest, AConnectionThatBrokeUnnoticedDoesNotSpeakForTheEndpoint) {
  Start();
  Acquire();
  connector[0].GetReady();
  pool().Release(*std::exchange(waiters.back().stream, nullptr));
  Acquire();
  connector[0].open = false;
  connector[1].Fail();
  EXPECT_THAT(health, ElementsAre("down: connection refused"));
  EXPECT_LE(UntilReconnect(), 102ms);
}

// The endpoint's state follows on the control thread, later. An up in between must not be lost.
TEST_F(BackoffTest, UpIsToldEvenBeforeDownHasTakenEffect) {
  Start();
  state_follows = false;
  Acquire();
  Acquire();
  connector[0].Fail();
  ASSERT_EQ(endpoint->state(), MYELIN_ENDPOINT_UP);
  connector[1].GetReady();
  EXPECT_THAT(health, ElementsAre("down: connection refused", "up"));
}

TEST_F(BackoffTest, DownIsToldOnceForAnOutage) {
  Start();
  Acquire();
  for (int i = 0; i < 5; ++i) {
    connector.last().Fail();
    UntilReconnect();
  }
  EXPECT_EQ(health.size(), 1u);
}

// As when another worker is connected: what this one says is not believed, until that other has lost its own.
TEST_F(BackoffTest, DownIsToldAgainWhileTheEndpointIsHeldToBeUp) {
  Start();
  state_follows = false;
  Acquire();
  for (int i = 0; i < 3; ++i) {
    connector.last().Fail();
    UntilReconnect();
  }
  EXPECT_EQ(health.size(), 3u);
}

TEST_F(BackoffTest, AWorkerThatConnectsTellsOfAnEndpointThatAnotherToldDown) {
  Start();
  endpoint->SetState(MYELIN_ENDPOINT_DOWN, 1);
  Acquire();
  connector.last().GetReady();
  EXPECT_THAT(health, ElementsAre("up"));
}

// With one connection up, a call waits for the backoff of another, and is asked about when it is over.
TEST_F(BackoffTest, CallsQueuedForABackoffAreServedAfterIt) {
  Start();
  Acquire();
  connector[0].GetReady();
  Acquire();
  connector[1].Fail();
  FakeWaiter& queued = waiters.back();
  EXPECT_TRUE(queued.waits());
  EXPECT_EQ(Counters().queued.Get(), 1u);
  Pass(102ms);
  EXPECT_EQ(Counters().queued.Get(), 0u);
  connector.last().GetReady();
  EXPECT_EQ(queued.stream, &connector.last());
}

}  // namespace
}  // namespace myelin::test
