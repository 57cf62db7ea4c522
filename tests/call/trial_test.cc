// SPDX-License-Identifier: Apache-2.0
//
// Policies on trial: whom they decide for, what they see, and that they are told of the end of what they let pass.
#include "call/call_world.h"

namespace myelin::test {
namespace {

using ::testing::_;
using ::testing::AllOf;
using ::testing::Field;
using ::testing::Return;

class TrialsTest : public ::testing::Test {
 protected:
  TrialsTest() {
    proxy_.Build(1);
    world_.PickAlways(0, 7);
    Answer(0);
  }

  void Answer(uint32_t index) {
    ON_CALL(candidate_, Pick).WillByDefault([this, index](const auto&, const myelin_call& call, myelin_pick& out) {
      seen_random_ = call.random;
      out.index = index;
      out.token = 8;
      return MYELIN_PICK;
    });
  }
  Trial& TryBalancer(const TrialRules& rules) {
    ProxyParts parts = proxy_.parts;
    parts.balancer_candidate.policy = world_.policies.Create("mine", MockTable(candidate_));
    parts.balancer_candidate.trial =
        std::make_shared<Trial>(rules, parts.balancer_candidate.policy->guard(), "balancer");
    Apply(std::move(parts));
    return *proxy_.parts.balancer_candidate.trial;
  }
  Trial& TryLimiter(const TrialRules& rules) {
    ProxyParts parts = proxy_.parts;
    Candidate<myelin_limiter> candidate;
    candidate.policy = world_.policies.Create("strict", MockTable(limiter_));
    candidate.trial = std::make_shared<Trial>(rules, candidate.policy->guard(), "limiter0");
    parts.limiter_candidates = {candidate};
    Apply(std::move(parts));
    return *proxy_.parts.limiter_candidates[0].trial;
  }
  void Apply(ProxyParts parts) {
    std::string why;
    ShardChange change = MakeShardChange(world_.worker, &proxy_.parts, parts, *proxy_.counters);
    change.snapshot =
        Snapshot::Make(parts.endpoints, 99, parts.balancer, world_.policies.control, why, {}, parts.balancer_candidate);
    proxy_.shard->Apply(std::move(change));
    proxy_.parts = std::move(parts);
  }
  static auto Told(uint64_t token) { return Field(&myelin_call_result::token, token); }

  static constexpr TrialRules kShadow{};
  static constexpr TrialRules kAll{TrialKind::kCanary, 1.0, 3, 2};

  uint64_t seen_random_ = 0;
  NiceMock<MockBalancer> candidate_;  // outlive the world, whose shards end in them
  NiceMock<MockLimiter> limiter_;
  CallWorld world_;
  FakeProxy& proxy_ = world_.proxy;
};

TEST_F(TrialsTest, AShadowSeesTheCallAndDoesNotAct) {
  Trial& trial = TryBalancer(kShadow);
  Answer(1);
  uint64_t random = 0;
  ON_CALL(proxy_.balancer, Pick).WillByDefault([&](const auto&, const myelin_call& call, myelin_pick& out) {
    random = call.random;
    out.index = 0;
    out.token = 7;
    return MYELIN_PICK;
  });
  FakeRelay& relay = world_.Start();
  EXPECT_EQ(relay.call.endpoint(), "10.0.0.1:50051");
  EXPECT_EQ(seen_random_, random);
  EXPECT_EQ(trial.Stats().asked, 1u);
  EXPECT_EQ(trial.Stats().diverged, 1u);
  const uint64_t served = proxy_.parts.endpoints[0]->id();
  EXPECT_CALL(proxy_.balancer, Done(Told(7)));
  EXPECT_CALL(candidate_, Done(AllOf(Told(8), Field(&myelin_call_result::endpoint_id, served))));
  world_.End(relay);
  proxy_.shard->FlushResults();
}

TEST_F(TrialsTest, AShadowThatPicksTheSameDoesNotDiverge) {
  Trial& trial = TryBalancer(kShadow);
  for (int i = 0; i < 5; ++i) world_.End(world_.Start());
  EXPECT_EQ(trial.Stats().asked, 5u);
  EXPECT_EQ(trial.Stats().diverged, 0u);
}

TEST_F(TrialsTest, AShadowIsToldOfACallThatTheOtherRefused) {
  Trial& trial = TryBalancer(kShadow);
  ON_CALL(proxy_.balancer, Pick).WillByDefault(Return(MYELIN_PICK_FAIL));
  EXPECT_CALL(candidate_, Done(Told(8)));
  EXPECT_TRUE(world_.Start().refusal.has_value());
  proxy_.shard->FlushResults();
  EXPECT_EQ(trial.Stats().diverged, 1u);
}

TEST_F(TrialsTest, AShadowIsToldOnceForEachTimeThatItPicked) {
  TryBalancer(kShadow);
  ON_CALL(proxy_.balancer, Pick).WillByDefault(Return(MYELIN_PICK_QUEUE));
  EXPECT_CALL(candidate_, Pick).Times(2);
  EXPECT_CALL(candidate_, Done(Told(8))).Times(2);
  FakeRelay& relay = world_.Start();
  world_.PickAlways(0, 7);
  proxy_.shard->SetSnapshot(proxy_.snapshot);
  ASSERT_FALSE(relay.refusal.has_value());
  world_.End(relay);
  proxy_.shard->FlushResults();
}

TEST_F(TrialsTest, ACanaryDecidesAndIsToldInTheOthersPlace) {
  Trial& trial = TryBalancer(kAll);
  Answer(1);
  EXPECT_CALL(proxy_.balancer, Pick).Times(0);
  EXPECT_CALL(proxy_.balancer, Done).Times(0);
  EXPECT_CALL(candidate_, Done(Told(8))).Times(2);
  FakeRelay& relay = world_.Start();
  EXPECT_EQ(relay.call.endpoint(), "10.0.0.2:50051");
  world_.End(relay);
  world_.End(world_.Start(), MYELIN_GRPC_UNAVAILABLE);
  proxy_.shard->FlushResults();
  EXPECT_EQ(trial.Stats().calls, 2u);
  EXPECT_EQ(trial.Stats().failed, 1u);
  EXPECT_EQ(trial.Stats().calls_beside, 0u);
}

TEST_F(TrialsTest, ACanaryDecidesForItsShareOnly) {
  Trial& trial = TryBalancer({TrialKind::kCanary, 0.25, 3, 2});
  for (int i = 0; i < 4000; ++i) world_.End(world_.Start());
  EXPECT_NEAR(static_cast<double>(trial.Stats().calls), 1000, 120);
  EXPECT_EQ(trial.Stats().calls + trial.Stats().calls_beside, 4000u);
}

TEST_F(TrialsTest, ACanaryOfInvalidAnswersIsRolledBackAndNoCallFails) {
  Trial& trial = TryBalancer(kAll);
  ON_CALL(candidate_, Pick).WillByDefault(Return(77u));
  for (int i = 0; i < 5; ++i) {
    FakeRelay& relay = world_.Start();
    EXPECT_FALSE(relay.refusal.has_value());
    world_.End(relay);
  }
  EXPECT_FALSE(trial.on());
  EXPECT_EQ(trial.Stats().calls, 3u);
  EXPECT_CALL(candidate_, Pick).Times(0);
  world_.End(world_.Start());
}

TEST_F(TrialsTest, ACandidateThatRefusesTheEndpointsEndsItsTrialAlone) {
  ON_CALL(candidate_, Update).WillByDefault(Return(MYELIN_ERROR_INVALID));
  Trial& trial = TryBalancer(kAll);
  EXPECT_EQ(trial.Stats().reason, "it refuses the endpoints: the mock says no");
  world_.End(world_.Start());
}

TEST_F(TrialsTest, ACallEndsWellThoughItsTrialHasEnded) {
  TryBalancer(kAll);
  FakeRelay& relay = world_.Start();
  ProxyParts parts = proxy_.parts;
  parts.balancer_candidate = {};
  Apply(std::move(parts));
  EXPECT_CALL(candidate_, Done(Told(8)));
  world_.End(relay);
}

TEST_F(TrialsTest, AShadowOfALimiterRefusesNothing) {
  Trial& trial = TryLimiter(kShadow);
  ON_CALL(limiter_, Admit).WillByDefault(Return(MYELIN_ADMIT_REJECT));
  EXPECT_CALL(limiter_, Done).Times(0);
  EXPECT_CALL(*proxy_.limiters[0], Done);
  FakeRelay& relay = world_.Start();
  EXPECT_FALSE(relay.refusal.has_value());
  world_.End(relay);
  proxy_.shard->FlushResults();
  EXPECT_EQ(trial.Stats().diverged, 1u);
}

TEST_F(TrialsTest, AShadowOfALimiterHearsOfWhatItAdmittedAndTheOtherRefused) {
  TryLimiter(kShadow);
  ON_CALL(*proxy_.limiters[0], Admit).WillByDefault(Return(MYELIN_ADMIT_REJECT));
  EXPECT_CALL(limiter_, Done(Field(&myelin_call_result::outcome, MYELIN_OUTCOME_REFUSED)));
  EXPECT_CALL(*proxy_.limiters[0], Done).Times(0);
  EXPECT_TRUE(world_.Start().refusal.has_value());
  proxy_.shard->FlushResults();
}

TEST_F(TrialsTest, ACanaryOfALimiterIsJudgedByWhatItRefuses) {
  Trial& trial = TryLimiter(kAll);
  ON_CALL(limiter_, Admit).WillByDefault(Return(MYELIN_ADMIT_REJECT));
  EXPECT_CALL(*proxy_.limiters[0], Admit).Times(0);
  EXPECT_TRUE(world_.Start().refusal.has_value());
  EXPECT_EQ(trial.Stats().failed, 1u);
}

}  // namespace
}  // namespace myelin::test
