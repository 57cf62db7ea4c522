// SPDX-License-Identifier: Apache-2.0
//
// The peer's limit on streams holds whatever the pool policy answers, from the first moment on, and when it changes.
#include <algorithm>

#include "upstream/pool_world.h"

namespace myelin::test {
namespace {

using ::testing::NiceMock;

/// A policy that uses one connection for everything.
class StreamLimitTest : public ::testing::Test, protected PoolWorld {
 protected:
  StreamLimitTest() {
    Make(policies.Create("mock", MockTable(mock_)));
    ON_CALL(mock_, Acquire).WillByDefault([this](const myelin_pool_view& view, const auto&, myelin_acquire& out) {
      out.index = 0;
      limit_ = view.connection_count == 0 ? 0 : view.connections[0].stream_limit;
      return view.connection_count == 0 ? MYELIN_ACQUIRE_OPEN : MYELIN_ACQUIRE_USE;
    });
  }
  size_t Waiting() const {
    return static_cast<size_t>(std::count_if(waiters.begin(), waiters.end(), [](const auto& w) { return w.waits(); }));
  }
  size_t Streams() const {
    return static_cast<size_t>(
        std::count_if(waiters.begin(), waiters.end(), [](const auto& w) { return w.stream != nullptr; }));
  }
  void ReleaseOne() {
    for (FakeWaiter& waiter : waiters) {
      if (waiter.stream == nullptr) continue;
      Release(waiter);
      waiter.refused = FakeWaiter::Refused{};  // over
      return;
    }
  }

  NiceMock<MockPool> mock_;
  uint32_t limit_ = 0;
};

TEST_F(StreamLimitTest, ABurstBeforeSettingsIsCappedLowAndOnlyWhatThePeerAllowsGetsStreams) {
  for (int i = 0; i < 150; ++i) Acquire();
  EXPECT_EQ(limit_, 100u);
  EXPECT_EQ(Counters().queued.Get(), 50u);
  connector[0].GetReady(3);
  EXPECT_EQ(Streams(), 3u);
  EXPECT_EQ(Waiting(), 147u);
  EXPECT_EQ(Counters().queued.Get(), 147u);
  EXPECT_EQ(connector.opened(), 1u);
  Pass(1002ms);  // the others' time in the queue is over
}

TEST_F(StreamLimitTest, APeerThatSetsNoneTakesAllThatWaited) {
  for (int i = 0; i < 150; ++i) Acquire();
  connector[0].GetReady();
  EXPECT_EQ(Streams(), 150u);
}

TEST_F(StreamLimitTest, CallsThatWaitedForTheConnectionKeepTheirOrder) {
  for (int i = 0; i < 5; ++i) Acquire();
  connector[0].GetReady(2);
  EXPECT_NE(waiters[0].stream, nullptr);
  EXPECT_NE(waiters[1].stream, nullptr);
  ReleaseOne();
  EXPECT_NE(waiters[2].stream, nullptr);
  Pass(1002ms);
}

TEST_F(StreamLimitTest, ALoweredLimitTakesNewCallsOnlyBelowIt) {
  for (int i = 0; i < 4; ++i) Acquire();
  connector[0].GetReady(10);
  connector[0].SetStreamLimit(2);
  EXPECT_TRUE(Acquire().waits());
  ReleaseOne();
  ReleaseOne();
  EXPECT_EQ(Streams(), 2u) << "two of four are left";
  ReleaseOne();
  EXPECT_EQ(Streams(), 2u);
  EXPECT_EQ(Waiting(), 0u);
}

TEST_F(StreamLimitTest, ARaisedLimitServesThoseThatWait) {
  for (int i = 0; i < 4; ++i) Acquire();
  connector[0].GetReady(1);
  EXPECT_EQ(Waiting(), 3u);
  connector[0].SetStreamLimit(3);
  EXPECT_EQ(Streams(), 3u);
  Pass(1002ms);
}

TEST_F(StreamLimitTest, APeerThatAllowsNoneLetsCallsWaitUntilTheirTimeIsOver) {
  Acquire();
  connector[0].GetReady(0);
  EXPECT_TRUE(waiters[0].waits());
  Pass(1002ms);
  ASSERT_TRUE(waiters[0].refused.has_value());
  EXPECT_EQ(waiters[0].refused->reason, NoStream::kQueueTimeout);
}

}  // namespace
}  // namespace myelin::test
