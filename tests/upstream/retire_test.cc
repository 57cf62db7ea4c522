// SPDX-License-Identifier: Apache-2.0
//
// A pool whose endpoint was taken out.
#include "upstream/pool_world.h"

namespace myelin::test {
namespace {

using ::testing::HasSubstr;
using ::testing::NiceMock;
using ::testing::Return;

class RetireTest : public ::testing::Test, protected PoolWorld {
 protected:
  RetireTest() {
    Make(policies.Create("mock", MockTable(mock_)));
    ON_CALL(mock_, Acquire).WillByDefault(Return(MYELIN_ACQUIRE_OPEN));
  }
  void Retire() {
    pool().Retire([this] { ++gone_; });
  }

  NiceMock<MockPool> mock_;
  int gone_ = 0;
};

TEST_F(RetireTest, StreamsFinishAndTheConnectionClosesAfterTheLast) {
  FakeWaiter& first = Acquire();
  connector[0].GetReady();
  ON_CALL(mock_, Acquire).WillByDefault([](const auto&, const auto&, myelin_acquire& out) {
    out.index = 0;
    return MYELIN_ACQUIRE_USE;
  });
  FakeWaiter& second = Acquire();
  Retire();
  EXPECT_EQ(Counters().draining.Get(), 1u);
  Release(first);
  EXPECT_FALSE(connector[0].closed);
  EXPECT_EQ(gone_, 0);
  Release(second);
  EXPECT_TRUE(connector[0].closed);
  EXPECT_EQ(gone_, 1);
  EXPECT_TRUE(pool().IsGone());
}

TEST_F(RetireTest, CallsThatWaitAreToldAndConnectsAreGivenUp) {
  FakeWaiter& bound = Acquire();
  ON_CALL(mock_, Acquire).WillByDefault(Return(MYELIN_ACQUIRE_QUEUE));
  FakeWaiter& queued = Acquire();
  Retire();
  for (const FakeWaiter* waiter : {&bound, &queued}) {
    ASSERT_TRUE(waiter->refused.has_value());
    EXPECT_EQ(waiter->refused->reason, NoStream::kUnreachable);
    EXPECT_THAT(waiter->refused->why, HasSubstr("10.0.0.1:50051 was taken out"));
  }
  EXPECT_TRUE(connector[0].closed);
  EXPECT_EQ(gone_, 1);
}

TEST_F(RetireTest, OneInBackoffConnectsNoMore) {
  Acquire();
  connector[0].Fail();
  Retire();
  Pass(10s);
  EXPECT_EQ(connector.opened(), 1u);
  EXPECT_EQ(gone_, 1);
}

TEST_F(RetireTest, IdleConnectionsCloseAtOnceAndNoneIsOpened) {
  FakeWaiter& waiter = Acquire();
  connector[0].GetReady();
  Release(waiter);
  ON_CALL(mock_, Tick).WillByDefault([](const auto&, myelin_tick& out) {
    out.commands[0].verb = MYELIN_TICK_OPEN;
    out.count = 1;
  });
  Retire();
  Pass(3s);
  EXPECT_TRUE(connector[0].closed);
  EXPECT_EQ(connector.opened(), 1u);
}

}  // namespace
}  // namespace myelin::test
