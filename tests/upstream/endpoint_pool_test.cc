// SPDX-License-Identifier: Apache-2.0
//
// What EndpointPool does with each verdict of a pool policy, and who is told what and when.
#include "upstream/endpoint_pool.h"

#include "upstream/decisions.h"

namespace myelin::test {
namespace {

using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Return;

TEST_F(EndpointPoolTest, OpenBindsTheCallToTheNewConnection) {
  Decide(Exclusive(1));
  FakeWaiter& call = Acquire();
  EXPECT_TRUE(call.waits());
  ASSERT_EQ(connector.opened(), 1u);
  EXPECT_EQ(Counters().connecting.Get(), 1u);
  connector[0].GetReady();
  EXPECT_EQ(call.stream, &connector[0]);
  EXPECT_EQ(Counters().connecting.Get(), 0u);
  EXPECT_EQ(Counters().ready.Get(), 1u);
  Release(call);
}

TEST_F(EndpointPoolTest, UseOfAReadyConnectionIsAnsweredAtOnce) {
  Decide(Exclusive(1));
  FakeWaiter& first = Acquire();
  connector[0].GetReady();
  Release(first);
  FakeWaiter& second = Acquire();
  EXPECT_EQ(second.stream, &connector[0]);
  EXPECT_EQ(connector.opened(), 1u);
}

TEST_F(EndpointPoolTest, UseMayOpenMoreBesidesButNotWithoutBound) {
  EXPECT_CALL(mock_, Acquire).WillOnce(Return(MYELIN_ACQUIRE_OPEN)).WillOnce(Use(0, 1'000'000));
  Acquire();
  Acquire();
  EXPECT_EQ(connector.opened(), 17u);
  connector[0].GetReady();
}

TEST_F(EndpointPoolTest, FailIsHandedOnWithStatusAndMessage) {
  EXPECT_CALL(mock_, Acquire).WillOnce([](const auto&, const auto&, myelin_acquire& out) {
    out.status = MYELIN_GRPC_RESOURCE_EXHAUSTED;
    out.message = {"full", 4};
    return MYELIN_ACQUIRE_FAIL;
  });
  const FakeWaiter& call = Acquire();
  ASSERT_TRUE(call.refused);
  EXPECT_EQ(call.refused->reason, NoStream::kRefused);
  EXPECT_EQ(call.refused->status, MYELIN_GRPC_RESOURCE_EXHAUSTED);
  EXPECT_EQ(call.refused->why, "full");
}

TEST_F(EndpointPoolTest, TheQueueIsServedInOrderAsStreamsEnd) {
  Decide(Exclusive(1));
  FakeWaiter& first = Acquire();
  connector[0].GetReady();
  FakeWaiter& second = Acquire();
  FakeWaiter& third = Acquire();
  EXPECT_EQ(Counters().queued.Get(), 2u);
  Release(first);
  EXPECT_EQ(second.stream, &connector[0]);
  EXPECT_TRUE(third.waits());
  EXPECT_EQ(Counters().queued.Get(), 1u);
  Release(second);
  EXPECT_EQ(third.stream, &connector[0]);
  EXPECT_EQ(Counters().queued.Get(), 0u);
}

TEST_F(EndpointPoolTest, TheQueueIsServedWhenAConnectionGetsReady) {
  bool full = true;
  Decide([&](const myelin_pool_view& view, const myelin_call& call, myelin_acquire& out) {
    return full ? MYELIN_ACQUIRE_QUEUE : Exclusive(2)(view, call, out);
  });
  EXPECT_CALL(mock_, Tick).WillOnce(Command(MYELIN_TICK_OPEN)).WillRepeatedly(Return());
  FakeWaiter& call = Acquire();
  full = false;
  connector[0].GetReady();
  EXPECT_EQ(call.stream, &connector[0]);
}

TEST_F(EndpointPoolTest, AQueuedCallGivesUpAfterTheQueueTimeout) {
  Decide(Queue(0));
  FakeWaiter& call = Acquire();
  Pass(999ms);
  EXPECT_TRUE(call.waits());
  Pass(2ms);
  ASSERT_TRUE(call.refused);
  EXPECT_EQ(call.refused->reason, NoStream::kQueueTimeout);
  EXPECT_EQ(call.refused->status, MYELIN_GRPC_UNAVAILABLE);
  EXPECT_EQ(call.refused->why, "no stream to 10.0.0.1:50051 became free within 1s (timeouts.queue)");
  EXPECT_EQ(Counters().queued.Get(), 0u);
}

TEST_F(EndpointPoolTest, AShorterTimeOfThePoolIsKeptBesideLongerOnes) {
  EXPECT_CALL(mock_, Acquire).WillOnce(Queue(0)).WillOnce(Queue(50)).WillRepeatedly(Queue(0));
  FakeWaiter& slow = Acquire();
  FakeWaiter& quick = Acquire();
  Pass(52ms);
  ASSERT_TRUE(quick.refused);
  EXPECT_EQ(quick.refused->why, "no stream to 10.0.0.1:50051 became free within 50ms (set by the pool)");
  EXPECT_TRUE(slow.waits());
  Pass(950ms);
  EXPECT_FALSE(slow.waits()) << "the longer one is not forgotten";
}

TEST_F(EndpointPoolTest, TheQueueIsBounded) {
  shard_pool.reset();
  options.max_queued = 2;
  Make(instance);
  Decide(Queue(0));
  Acquire();
  Acquire();
  const FakeWaiter& third = Acquire();
  ASSERT_TRUE(third.refused);
  EXPECT_EQ(third.refused->reason, NoStream::kQueueFull);
  Pass(2s);
}

TEST_F(EndpointPoolTest, APoolThatAlwaysOpensIsCapped) {
  shard_pool.reset();
  options.max_connections = 3;
  Make(instance);
  EXPECT_CALL(mock_, Acquire).WillRepeatedly(Return(MYELIN_ACQUIRE_OPEN));
  for (int i = 0; i < 10; ++i) Acquire();
  EXPECT_EQ(connector.opened(), 3u);
  EXPECT_EQ(Counters().queued.Get(), 7u);
  connector[0].GetReady();
  Pass(2s);
  EXPECT_EQ(connector.opened(), 3u);
  EXPECT_EQ(Counters().queued.Get(), 0u) << "who waited too long was told";
}

TEST_F(EndpointPoolTest, AFailedConnectTellsItsCallsAtOnceAndNamesTheReason) {
  Decide(Exclusive(2));
  FakeWaiter& call = Acquire();
  connector[0].Fail("connection refused");
  ASSERT_TRUE(call.refused);
  EXPECT_EQ(call.refused->reason, NoStream::kUnreachable);
  EXPECT_EQ(call.refused->why, "endpoint 10.0.0.1:50051 cannot be reached: connection refused");
  EXPECT_THAT(health, ElementsAre("down: connection refused"));
  EXPECT_EQ(Counters().connect_failures.Get(), 1u);
  EXPECT_TRUE(pool().InBackoff());
  const FakeWaiter& next = Acquire();
  EXPECT_TRUE(next.refused) << "nobody waits for a backoff";
  EXPECT_EQ(connector.opened(), 1u);
}

TEST_F(EndpointPoolTest, CallsOfAFailedConnectMoveToAnotherConnection) {
  Decide(Exclusive(2));
  FakeWaiter& moved = Acquire();
  FakeWaiter& other = Acquire();
  connector[1].GetReady();
  ASSERT_NE(other.stream, nullptr);
  connector[0].Fail();
  EXPECT_TRUE(moved.waits()) << "the other connection is busy, so it queues";
  EXPECT_EQ(Counters().queued.Get(), 1u);
  EXPECT_THAT(health, IsEmpty()) << "a ready connection shows that the endpoint is up";
  Release(other);
  EXPECT_EQ(moved.stream, &connector[1]);
}

// A server that restarts finishes its calls and refuses new connections. Calls must not wait for that.
TEST_F(EndpointPoolTest, ADrainingConnectionKeepsNoCallWaiting) {
  shard_pool.reset();
  options.queue_timeout = 10s;
  Make(instance);
  Decide(Exclusive(1));
  FakeWaiter& old = Acquire();
  connector[0].GetReady();
  FakeWaiter& queued = Acquire();
  connector[0].open = false;
  Pass(1002ms);  // the tick finds out
  EXPECT_EQ(Counters().draining.Get(), 1u);
  ASSERT_EQ(connector.opened(), 2u) << "the queued call got a connection of its own";
  connector[1].Fail();
  ASSERT_TRUE(queued.refused);
  EXPECT_EQ(queued.refused->reason, NoStream::kUnreachable);
  EXPECT_TRUE(pool().InBackoff());
  EXPECT_TRUE(Acquire().refused);
  EXPECT_FALSE(connector[0].closed);
  Release(old);
  EXPECT_TRUE(connector[0].closed);
}

TEST_F(EndpointPoolTest, AConnectionThatClosedIsNotUsed) {
  Decide(Exclusive(1));
  FakeWaiter& first = Acquire();
  connector[0].GetReady();
  Release(first);
  connector[0].open = false;
  FakeWaiter& second = Acquire();
  EXPECT_TRUE(connector[0].closed);
  ASSERT_EQ(connector.opened(), 2u);
  connector[1].GetReady();
  EXPECT_EQ(second.stream, &connector[1]);
}

TEST_F(EndpointPoolTest, AbandonWhileConnectingGivesTheStreamBack) {
  Decide(Exclusive(1));
  FakeWaiter& call = Acquire();
  FakeWaiter& next = Acquire();
  pool().Abandon(call);
  EXPECT_EQ(Counters().queued.Get(), 0u) << "the queued call took its place";
  connector[0].GetReady();
  EXPECT_EQ(call.stream, nullptr);
  EXPECT_EQ(next.stream, &connector[0]);
}

TEST_F(EndpointPoolTest, AbandonInTheQueueIsForgotten) {
  Decide(Queue(0));
  FakeWaiter& call = Acquire();
  pool().Abandon(call);
  pool().Abandon(call);
  EXPECT_EQ(Counters().queued.Get(), 0u);
  Pass(5s);
  EXPECT_TRUE(call.waits());
}

TEST_F(EndpointPoolTest, ACallMayBeAbandonedWhileOthersOfItsConnectionAreTold) {
  EXPECT_CALL(mock_, Acquire).WillOnce(Return(MYELIN_ACQUIRE_OPEN)).WillRepeatedly(Use(0));
  FakeWaiter& first = Acquire();
  FakeWaiter& second = Acquire();
  first.then = [&] { pool().Abandon(second); };
  connector[0].GetReady();
  EXPECT_NE(first.stream, nullptr);
  EXPECT_TRUE(second.waits());
  Release(first);
}

TEST_F(EndpointPoolTest, ACallMayBeAbandonedWhileOthersAreToldOfAFailure) {
  EXPECT_CALL(mock_, Acquire).WillOnce(Return(MYELIN_ACQUIRE_OPEN)).WillRepeatedly(Use(0));
  FakeWaiter& first = Acquire();
  FakeWaiter& second = Acquire();
  first.then = [&] { pool().Abandon(second); };
  connector[0].Fail();
  EXPECT_TRUE(first.refused);
  EXPECT_TRUE(second.waits());
}

TEST_F(EndpointPoolTest, AStreamGivenBackWithinOnStreamServesTheNext) {
  Decide(Exclusive(1));
  FakeWaiter& first = Acquire();
  FakeWaiter& second = Acquire();
  first.then = [&] { Release(first); };
  connector[0].GetReady();
  EXPECT_EQ(second.stream, &connector[0]);
  Release(second);
  EXPECT_EQ(Counters().ready.Get(), 1u);
}

}  // namespace
}  // namespace myelin::test
