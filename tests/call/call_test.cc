// SPDX-License-Identifier: Apache-2.0
//
// A call on its way from limiters to a stream, and what is given back when it ends, whatever way that is.
#include "call/call.h"

#include "call/call_world.h"

namespace myelin::test {
namespace {

using ::testing::_;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Return;

auto Result(uint32_t outcome, uint32_t status, uint64_t token) {
  return AllOf(Field("outcome", &myelin_call_result::outcome, outcome),
               Field("grpc_status", &myelin_call_result::grpc_status, status),
               Field("token", &myelin_call_result::token, token));
}

class CallTest : public ::testing::Test, protected CallWorld {};

TEST_F(CallTest, IsRelayedOnTheStreamAndTellsTheBalancerOnce) {
  proxy.Build();
  PickAlways(1, 77);
  FakeRelay& relay = Start();
  EXPECT_TRUE(relay.waits());
  EXPECT_EQ(relay.call.endpoint(), "10.0.0.2:50051");
  EXPECT_EQ(proxy.parts.endpoints[1]->in_flight(), 1u);
  connector[0].GetReady();
  EXPECT_EQ(relay.stream, &connector[0]);
  Pass(5ms);
  relay.call.OnFirstByte();
  relay.call.AddSent(10, 1);
  relay.call.AddReceived(20, 2);
  Pass(5ms);
  End(relay);
  End(relay, MYELIN_GRPC_INTERNAL);
  EXPECT_EQ(proxy.InFlight(), 0u);
  EXPECT_CALL(proxy.balancer, Done(Result(MYELIN_OUTCOME_SUCCESS, MYELIN_GRPC_OK, 77)))
      .WillOnce([&](const auto& result) {
        EXPECT_EQ(result.endpoint_id, proxy.parts.endpoints[1]->id());
        EXPECT_EQ(result.first_byte_ns, 5 * kMs);
        EXPECT_EQ(result.total_ns, 10 * kMs);
        EXPECT_EQ(result.bytes_sent, 10u);
        EXPECT_EQ(result.bytes_received, 20u);
      });
  proxy.shard->FlushResults();
  proxy.shard->FlushResults();
  EXPECT_EQ(proxy.counters->calls[MYELIN_GRPC_OK].Get(), 1u);
}

TEST_F(CallTest, ResultsAreToldInBatchesWithoutLoss) {
  proxy.Build();
  int told = 0;
  EXPECT_CALL(proxy.balancer, Done(_)).Times(100).WillRepeatedly([&](const auto&) { ++told; });
  for (int i = 0; i < 100; ++i) End(Start());
  EXPECT_EQ(told, 96) << "32 at a time";
  proxy.shard->FlushResults();
}

TEST_F(CallTest, AStatusThatGrpcDoesNotKnowIsToldAsUnknown) {
  proxy.Build(1);
  EXPECT_CALL(proxy.balancer, Done(Result(MYELIN_OUTCOME_SUCCESS, MYELIN_GRPC_UNKNOWN, 0)));
  EXPECT_CALL(*proxy.limiters[0], Done(Result(MYELIN_OUTCOME_SUCCESS, MYELIN_GRPC_UNKNOWN, 0)));
  End(Start(), 99);
  proxy.shard->FlushResults();
}

TEST_F(CallTest, NoEndpointIsUnavailable) {
  proxy.Build();
  proxy.Publish({});
  const FakeRelay& relay = Start();
  ASSERT_TRUE(relay.refusal);
  EXPECT_EQ(relay.refusal->grpc_status, MYELIN_GRPC_UNAVAILABLE);
  EXPECT_EQ(relay.refusal->message, "no endpoint of proxy 'orders' can be reached");
  EXPECT_EQ(proxy.InFlight(), 0u);
}

TEST_F(CallTest, AnEndpointThatAnotherWorkerFoundDownIsNamed) {
  proxy.Build();
  proxy.Publish({}, "10.0.0.1:50051: connection refused");
  EXPECT_EQ(Start().refusal->message,
            "no endpoint of proxy 'orders' can be reached; 10.0.0.1:50051: connection refused");
}

TEST_F(CallTest, TheBalancersFailureIsTheAnswer) {
  proxy.Build();
  EXPECT_CALL(proxy.balancer, Pick).WillOnce([](const auto&, const auto&, myelin_pick& out) {
    out.status = 1234;  // no gRPC status
    out.message = {"no zone", 7};
    return MYELIN_PICK_FAIL;
  });
  const FakeRelay& relay = Start();
  ASSERT_TRUE(relay.refusal);
  EXPECT_EQ(relay.refusal->grpc_status, MYELIN_GRPC_UNKNOWN);
  EXPECT_EQ(relay.refusal->message, "no zone");
  EXPECT_EQ(proxy.counters->refused_by_host.Get(), 1u);
}

TEST_F(CallTest, AnUnreachableEndpointIsPickedAround) {
  proxy.Build();
  int picks = 0;
  ON_CALL(proxy.balancer, Pick).WillByDefault([&](const auto&, const auto& call, myelin_pick& out) {
    EXPECT_EQ(call.attempt, static_cast<uint32_t>(picks));
    out.index = picks == 0 ? 0 : 1;
    out.token = static_cast<uint64_t>(++picks);
    return MYELIN_PICK;
  });
  ON_CALL(proxy.pool, Acquire).WillByDefault([&](const auto&, const auto& call, const auto&) {
    EXPECT_EQ(call.attempt + 1, static_cast<uint32_t>(picks)) << "the pool sees what the balancer saw";
    return MYELIN_ACQUIRE_OPEN;
  });
  FakeRelay& relay = Start();
  connector[0].Fail();
  EXPECT_TRUE(relay.waits());
  EXPECT_EQ(relay.call.endpoint(), "10.0.0.2:50051");
  connector[1].GetReady();
  EXPECT_EQ(relay.streams, 1);
  EXPECT_EQ(proxy.parts.endpoints[0]->in_flight(), 0u);
  End(relay);
  EXPECT_EQ(proxy.InFlight(), 0u);
  EXPECT_CALL(proxy.balancer, Done(Result(MYELIN_OUTCOME_CONNECT_FAILED, MYELIN_GRPC_UNAVAILABLE, 1)));
  EXPECT_CALL(proxy.balancer, Done(Result(MYELIN_OUTCOME_SUCCESS, MYELIN_GRPC_OK, 2)));
  proxy.shard->FlushResults();
  EXPECT_THAT(proxy.health, ElementsAre("10.0.0.1:50051 down"));
}

// The snapshot still shows it, so the host takes another one in the balancer's stead. The balancer hears that its own
// pick failed, and nothing of the one it did not pick.
TEST_F(CallTest, AnEndpointInBackoffIsReplacedAndTheBalancerHearsOfItsOwnPick) {
  proxy.Build();
  PickAlways(0, 5);
  Start();
  connector[0].Fail();  // the call goes to the other endpoint
  ASSERT_EQ(connector.opened(), 2u);
  proxy.shard->FlushResults();
  FakeRelay& second = Start();
  EXPECT_EQ(second.call.endpoint(), "10.0.0.2:50051");
  EXPECT_CALL(proxy.balancer, Done(Result(MYELIN_OUTCOME_CONNECT_FAILED, MYELIN_GRPC_UNAVAILABLE, 5)));
  End(second);
  proxy.shard->FlushResults();
}

// The snapshot without it can be there before the failure is; what is left of it is a reason to pick again.
TEST_F(CallTest, AnUnreachableEndpointIsPickedAroundThoughOnlyOneOtherIsLeft) {
  proxy.Build();
  FakeRelay& relay = Start();
  proxy.Publish({proxy.parts.endpoints[1]});
  connector[0].Fail();
  EXPECT_TRUE(relay.waits());
  EXPECT_EQ(relay.call.endpoint(), "10.0.0.2:50051");
}

TEST_F(CallTest, WithAllEndpointsDownTheAnswerNamesOneAndTheReason) {
  proxy.Build();
  FakeRelay& relay = Start();
  connector[0].Fail("connection refused");
  connector[1].Fail("no route to host");
  ASSERT_TRUE(relay.refusal);
  EXPECT_THAT(relay.refusal->message, HasSubstr("10.0.0."));
  EXPECT_EQ(relay.refusal->grpc_status, MYELIN_GRPC_UNAVAILABLE);
  EXPECT_EQ(proxy.InFlight(), 0u);
  EXPECT_EQ(Start().refusal->message,
            "no endpoint of proxy 'orders' can be reached; 10.0.0.1:50051: connection refused");
}

TEST_F(CallTest, AQueueTimeoutIsCountedAndAPoolsRefusalIsNot) {
  proxy.Build();
  ON_CALL(proxy.pool, Acquire).WillByDefault(Return(MYELIN_ACQUIRE_QUEUE));
  FakeRelay& relay = Start();
  Pass(1100ms);
  ASSERT_TRUE(relay.refusal);
  EXPECT_THAT(relay.refusal->message, HasSubstr("(timeouts.queue)"));
  EXPECT_EQ(proxy.counters->queue_timeouts.Get(), 1u);
  ON_CALL(proxy.pool, Acquire).WillByDefault(Return(MYELIN_ACQUIRE_FAIL));
  EXPECT_TRUE(Start().refusal);
  EXPECT_EQ(proxy.counters->queue_timeouts.Get(), 1u);
  EXPECT_EQ(proxy.InFlight(), 0u);
}

TEST_F(CallTest, ABalancerThatQueuesIsAskedAgainWhenACallEnds) {
  proxy.Build();
  FakeRelay& first = Start();
  connector[0].GetReady();
  EXPECT_CALL(proxy.balancer, Pick).WillOnce(Return(MYELIN_PICK_QUEUE)).WillOnce(Return(MYELIN_PICK));
  FakeRelay& second = Start();
  EXPECT_TRUE(second.waits());
  EXPECT_EQ(second.call.endpoint(), "");
  End(first);
  EXPECT_EQ(second.call.endpoint(), "10.0.0.1:50051");
}

TEST_F(CallTest, ABalancerThatQueuesIsAskedAgainForANewSnapshot) {
  proxy.Build();
  EXPECT_CALL(proxy.balancer, Pick)
      .WillOnce(Return(MYELIN_PICK_QUEUE))
      .WillOnce(Return(MYELIN_PICK_QUEUE))
      .WillOnce(Return(MYELIN_PICK_QUEUE))
      .WillOnce(Return(MYELIN_PICK))
      .WillRepeatedly(Return(MYELIN_PICK_QUEUE));
  FakeRelay& first = Start();
  FakeRelay& second = Start();
  proxy.Publish(proxy.parts.endpoints);
  EXPECT_EQ(first.call.endpoint(), "");
  EXPECT_NE(second.call.endpoint(), "");
}

TEST_F(CallTest, CallsThatTheBalancerQueuesAreBounded) {
  proxy.parts.settings.max_queued = 2;
  proxy.Build();
  ON_CALL(proxy.balancer, Pick).WillByDefault(Return(MYELIN_PICK_QUEUE));
  EXPECT_TRUE(Start().waits());
  FakeRelay& second = Start();
  EXPECT_TRUE(second.waits());
  FakeRelay& third = Start();
  ASSERT_TRUE(third.refusal);
  EXPECT_EQ(third.refusal->grpc_status, MYELIN_GRPC_UNAVAILABLE);
  EXPECT_THAT(third.refusal->message, HasSubstr("(limits.max_queued)"));
  proxy.Publish(proxy.parts.endpoints);
  EXPECT_TRUE(second.waits()) << "who waits already is not refused";
  End(second);
  EXPECT_TRUE(Start().waits()) << "there is room again";
}

TEST_F(CallTest, ACallThatEndsHasABoundedNumberOfQueuedCallsAskedInTurn) {
  proxy.Build();
  FakeRelay& first = Start();
  connector[0].GetReady();
  int asked = 0;
  ON_CALL(proxy.balancer, Pick).WillByDefault([&](const auto&, const auto&, auto&) {
    ++asked;
    return MYELIN_PICK_QUEUE;
  });
  for (int i = 0; i < 100; ++i) Start();
  asked = 0;
  End(first);
  EXPECT_GT(asked, 0);
  EXPECT_LE(asked, 16);
  asked = 0;
  proxy.Publish(proxy.parts.endpoints);
  EXPECT_EQ(asked, 100);
}

TEST_F(CallTest, APickQueueHasATimeoutThatAskingAgainDoesNotExtend) {
  proxy.Build();
  ON_CALL(proxy.balancer, Pick).WillByDefault(Return(MYELIN_PICK_QUEUE));
  FakeRelay& relay = Start();
  Pass(900ms);
  proxy.Publish(proxy.parts.endpoints);
  EXPECT_TRUE(relay.waits());
  Pass(110ms);
  ASSERT_TRUE(relay.refusal);
  EXPECT_EQ(relay.refusal->message, "the balancer found no endpoint within 1s (timeouts.queue)");
  EXPECT_EQ(proxy.counters->queue_timeouts.Get(), 1u);
}

TEST_F(CallTest, AnInvalidPickIsDecidedByTheHostAndNotToldTheBalancer) {
  proxy.Build();
  PickAlways(99, 5);
  EXPECT_CALL(proxy.balancer, Done(_)).Times(0);
  FakeRelay& relay = Start();
  connector[0].GetReady();
  EXPECT_NE(relay.stream, nullptr);
  End(relay);
  proxy.shard->FlushResults();
  EXPECT_EQ(proxy.parts.balancer->guard().strikes(), 1u);
}

TEST_F(CallTest, PickAgainGivesTheStreamBackAndStopsAfterThreeAttempts) {
  proxy.Build();
  FakeRelay& relay = Start();
  connector[0].GetReady();
  EXPECT_TRUE(relay.call.PickAgain());
  EXPECT_EQ(relay.streams, 1);
  connector.last().GetReady();
  EXPECT_TRUE(relay.call.PickAgain());
  connector.last().GetReady();
  EXPECT_EQ(relay.streams, 3);
  EXPECT_FALSE(relay.call.PickAgain());
  EXPECT_EQ(proxy.parts.endpoints[0]->in_flight(), 1u);
  End(relay);
  EXPECT_EQ(proxy.InFlight(), 0u);
}

TEST_F(CallTest, TheSoonerOfDeadlineAndRequestTimeoutHolds) {
  proxy.parts.settings.request_timeout = 2s;
  proxy.Build();
  const FakeRelay& none = Start();
  EXPECT_EQ(none.call.deadline_ns(), worker.now_ns + 2'000 * kMs);
  EXPECT_TRUE(none.call.request_timeout_is_sooner());
  FakeRelay& own = relays.emplace_back();
  own.request.deadline_ns = worker.now_ns + 1'000 * kMs;
  Start(own);
  EXPECT_EQ(own.call.deadline_ns(), worker.now_ns + 1'000 * kMs);
  EXPECT_FALSE(own.call.request_timeout_is_sooner());
}

// Every state that a call can be dropped in: in each, all that it holds comes back.
TEST_F(CallTest, EndAndDestructionInEveryStateGiveEverythingBack) {
  proxy.Build(1);
  enum { kDelayed, kPickQueued, kConnecting, kQueued, kRelaying, kStates };
  for (int state = 0; state < kStates; ++state) {
    for (const bool destroy : {false, true}) {
      ON_CALL(*proxy.limiters[0], Admit).WillByDefault([=](const auto&, myelin_admit& out) {
        out.delay_ns = 1'000'000'000;
        return state == kDelayed ? MYELIN_ADMIT_DELAY : MYELIN_ADMIT;
      });
      PickAlways(0, 3);
      if (state == kPickQueued) ON_CALL(proxy.balancer, Pick).WillByDefault(Return(MYELIN_PICK_QUEUE));
      ON_CALL(proxy.pool, Acquire).WillByDefault(Return(state == kQueued ? MYELIN_ACQUIRE_QUEUE : MYELIN_ACQUIRE_OPEN));
      auto relay = std::make_unique<FakeRelay>();
      Start(*relay);
      if (state == kRelaying) connector.last().GetReady();
      EXPECT_GE(proxy.InFlight(), 1u);
      const uint32_t outcome = destroy ? MYELIN_OUTCOME_LOST : MYELIN_OUTCOME_CANCELLED;
      EXPECT_CALL(*proxy.limiters[0], Done(Field(&myelin_call_result::outcome, outcome)));
      EXPECT_CALL(proxy.balancer, Done(Field(&myelin_call_result::outcome, outcome)))
          .Times(state < kConnecting ? 0 : 1);
      if (!destroy) relay->call.End(MYELIN_OUTCOME_CANCELLED, MYELIN_GRPC_CANCELLED, "");
      relay.reset();
      EXPECT_EQ(proxy.InFlight(), 0u) << state;
      EXPECT_EQ(proxy.parts.endpoints[0]->counters(0).queued.Get(), 0u) << state;
      proxy.shard->FlushResults();
      ::testing::Mock::VerifyAndClearExpectations(proxy.limiters[0].get());
      ::testing::Mock::VerifyAndClearExpectations(&proxy.balancer);
      Pass(5s);
    }
  }
}

TEST_F(CallTest, ACallThatEndsWithinOnStreamGivesEverythingBack) {
  proxy.Build();
  FakeRelay& relay = relays.emplace_back();
  relay.then = [&] { relay.call.End(MYELIN_OUTCOME_REFUSED, MYELIN_GRPC_INTERNAL, "malformed"); };
  Start(relay);
  FakeRelay& second = Start();
  connector[0].GetReady();
  connector[1].GetReady();
  EXPECT_EQ(proxy.counters->in_flight.Get(), 1u);
  End(second);
  EXPECT_EQ(proxy.InFlight(), 0u);
}

TEST_F(CallTest, TheAccessLineSaysWhatHappened) {
  proxy.parts.settings.access_log = true;
  proxy.Build();
  FakeRelay& relay = Start();
  connector[0].GetReady();
  Pass(3ms);
  relay.call.AddReceived(42, 1);
  relay.call.End(MYELIN_OUTCOME_LOST, MYELIN_GRPC_UNAVAILABLE, "the connection broke");
  const std::string text = policies.log.Text();
  for (const char* part : {"proxy=orders", "/shop.v1.Cart/Get", "endpoint=10.0.0.1:50051", "UNAVAILABLE",
                           "the connection broke", "10.1.2.3:4711", "42"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

}  // namespace
}  // namespace myelin::test
