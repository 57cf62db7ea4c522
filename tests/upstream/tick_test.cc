// SPDX-License-Identifier: Apache-2.0
//
// What a pool policy does between calls: its commands, when it is asked for them, and the keepalive interval.
#include "upstream/decisions.h"

namespace myelin::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Return;

using TickTest = EndpointPoolTest;

TEST_F(TickTest, NoteAndDrainAreCarriedOut) {
  Decide(Exclusive(1));
  uint64_t note = 0;
  EXPECT_CALL(mock_, Tick)
      .WillOnce(Return())
      .WillOnce(Command(MYELIN_TICK_NOTE, 0, 42))
      .WillOnce([&](const myelin_pool_view& view, myelin_tick& tick) {
        note = myelin_connection_at(&view, 0)->note;
        myelin_tick_add(&tick, MYELIN_TICK_DRAIN, 0, 0);
        myelin_tick_add(&tick, MYELIN_TICK_DRAIN, 0, 0);
      })
      .WillRepeatedly(Return());
  FakeWaiter& call = Acquire();
  connector[0].GetReady();
  Pass(1002ms);
  EXPECT_EQ(note, 42u);
  EXPECT_EQ(Counters().draining.Get(), 1u);
  Release(call);
  EXPECT_TRUE(connector[0].closed);
}

TEST_F(TickTest, AClosedConnectionBringsATickSoon) {
  Decide(Exclusive(1));
  FakeWaiter& call = Acquire();
  connector[0].GetReady();
  Release(call);
  EXPECT_CALL(mock_, Tick).WillOnce(Command(MYELIN_TICK_DRAIN)).WillOnce(Command(MYELIN_TICK_OPEN));
  Pass(1002ms);
  EXPECT_TRUE(connector[0].closed);
  Pass(15ms);
  EXPECT_EQ(connector.opened(), 2u);
}

TEST_F(TickTest, InvalidCommandsAreStrikesAndGarbageIsNotRead) {
  EXPECT_CALL(mock_, Tick)
      .WillOnce([](const myelin_pool_view& view, myelin_tick& tick) {
        myelin_tick_add(&tick, MYELIN_TICK_DRAIN, view.connection_count, 0);
        myelin_tick_add(&tick, 99, 0, 0);
      })
      .WillOnce([](const myelin_pool_view&, myelin_tick& tick) { tick.count = UINT32_MAX; })
      .WillRepeatedly(Return());
  pool().Start();
  EXPECT_EQ(instance->guard().strikes(), 2u);
  Pass(1002ms);
  EXPECT_EQ(instance->guard().strikes(), 34u) << "each of the 32 empty commands";
  EXPECT_EQ(connector.opened(), 0u);
}

TEST_F(TickTest, TooManyPingsDoublesTheIntervalOncePerComplaint) {
  EXPECT_CALL(mock_, Acquire)
      .WillOnce(Return(MYELIN_ACQUIRE_OPEN))
      .WillOnce(Use(0))
      .WillOnce(Return(MYELIN_ACQUIRE_OPEN));
  Acquire();
  Acquire();
  connector[0].GetReady();
  pool().OnTooManyPings(connector[0]);
  pool().OnTooManyPings(connector[0]);  // the same complaint, told by the second call
  Acquire();
  EXPECT_EQ(connector[1].options.keepalive_time, 120s);
  connector[1].GetReady();
  for (int i = 0; i < 10; ++i) {
    pool().OnTooManyPings(connector.last());
    shard_pool->Start();
    EXPECT_CALL(mock_, Acquire).WillOnce(Return(MYELIN_ACQUIRE_OPEN));
    Acquire();
  }
  EXPECT_EQ(connector.last().options.keepalive_time, 2h) << "and not beyond";
  EXPECT_THAT(policies.log.Text(), HasSubstr("10.0.0.1:50051 complains of too many pings; keepalive time is now 2m"));
}

}  // namespace
}  // namespace myelin::test
