// SPDX-License-Identifier: Apache-2.0
//
// A call before its limiters: their order, delays, refusals, and what they are told in the end.
#include "call/call_world.h"

namespace myelin::test {
namespace {

using ::testing::_;
using ::testing::Field;
using ::testing::InSequence;
using ::testing::Return;

auto Admit(uint64_t token, uint64_t delay_ns = 0) {
  return [=](const myelin_call&, myelin_admit& out) {
    out.token = token;
    out.delay_ns = delay_ns;
    return delay_ns > 0 ? MYELIN_ADMIT_DELAY : MYELIN_ADMIT;
  };
}

class LimitersTest : public ::testing::Test, protected CallWorld {
 protected:
  LimitersTest() { proxy.Build(3); }
  MockLimiter& limiter(size_t index) { return *proxy.limiters[index]; }
};

TEST_F(LimitersTest, AreAskedInOrderBeforeTheBalancer) {
  InSequence order;
  EXPECT_CALL(limiter(0), Admit).WillOnce(Admit(1));
  EXPECT_CALL(limiter(1), Admit).WillOnce(Admit(2));
  EXPECT_CALL(limiter(2), Admit).WillOnce(Admit(3));
  EXPECT_CALL(proxy.balancer, Pick).WillOnce(Return(MYELIN_PICK));
  Start();
}

TEST_F(LimitersTest, TheFirstThatRefusesAnswersAndThoseBeforeItAreTold) {
  EXPECT_CALL(limiter(0), Admit).WillOnce(Admit(11));
  EXPECT_CALL(limiter(1), Admit).WillOnce([](const auto&, myelin_admit& out) {
    out.message = {"5 per second", 12};
    out.pushback_ms = 250;
    return MYELIN_ADMIT_REJECT;
  });
  EXPECT_CALL(limiter(2), Admit).Times(0);
  EXPECT_CALL(proxy.balancer, Pick).Times(0);
  const FakeRelay& relay = Start();
  ASSERT_TRUE(relay.refusal);
  EXPECT_EQ(relay.refusal->grpc_status, MYELIN_GRPC_RESOURCE_EXHAUSTED);
  EXPECT_EQ(relay.refusal->message, "5 per second");
  EXPECT_EQ(relay.refusal->pushback_ms, 250);
  EXPECT_CALL(limiter(0), Done).WillOnce([](const myelin_call_result& result) {
    EXPECT_EQ(result.outcome, MYELIN_OUTCOME_REFUSED);
    EXPECT_EQ(result.token, 11u);
    EXPECT_EQ(result.endpoint_id, 0u);
  });
  EXPECT_CALL(limiter(1), Done).Times(0);
  proxy.shard->FlushResults();
  EXPECT_EQ(proxy.counters->limiters.at({"limiter0", 0}).admitted.Get(), 1u);
  EXPECT_EQ(proxy.counters->limiters.at({"limiter1", 0}).rejected.Get(), 1u);
  EXPECT_EQ(proxy.InFlight(), 0u);
}

TEST_F(LimitersTest, ADelayedCallGoesOnWithTheNextLimiterAndIsNotAskedAgain) {
  EXPECT_CALL(limiter(0), Admit).WillOnce(Admit(1, 200 * kMs));
  FakeRelay& relay = Start();
  Pass(199ms);
  EXPECT_TRUE(relay.waits());
  EXPECT_EQ(connector.opened(), 0u);
  EXPECT_CALL(limiter(1), Admit).WillOnce(Admit(2, 100 * kMs));
  Pass(2ms);
  EXPECT_CALL(limiter(2), Admit).WillOnce(Admit(3));
  Pass(101ms);
  EXPECT_EQ(connector.opened(), 1u);
  EXPECT_EQ(proxy.counters->limiters.at({"limiter0", 0}).delayed.Get(), 1u);
}

TEST_F(LimitersTest, AnEndlessDelayIsCutAndDoesNotOverflow) {
  EXPECT_CALL(limiter(0), Admit).WillOnce(Admit(1, UINT64_MAX));
  FakeRelay& relay = Start();
  Pass(59min);
  EXPECT_TRUE(relay.waits());
  EXPECT_EQ(connector.opened(), 0u);
  Pass(1min + 2ms);
  EXPECT_EQ(connector.opened(), 1u);
}

TEST_F(LimitersTest, EachIsToldItsOwnTokenAndTheEndpoint) {
  for (size_t i = 0; i < 3; ++i) EXPECT_CALL(limiter(i), Admit).WillOnce(Admit(100 + i));
  FakeRelay& relay = Start();
  connector[0].GetReady();
  End(relay, MYELIN_GRPC_NOT_FOUND);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_CALL(limiter(i), Done).WillOnce([this, i](const myelin_call_result& result) {
      EXPECT_EQ(result.token, 100 + i);
      EXPECT_EQ(result.grpc_status, MYELIN_GRPC_NOT_FOUND);
      EXPECT_EQ(result.endpoint_id, proxy.parts.endpoints[0]->id());
    });
  }
  proxy.shard->FlushResults();
}

TEST_F(LimitersTest, OneThatAnswersNonsenseIsPassedAndNotTold) {
  EXPECT_CALL(limiter(0), Admit).WillOnce(Return(42u));
  EXPECT_CALL(limiter(0), Done).Times(0);
  FakeRelay& relay = Start();
  EXPECT_EQ(connector.opened(), 1u);
  End(relay);
  proxy.shard->FlushResults();
}

}  // namespace
}  // namespace myelin::test
