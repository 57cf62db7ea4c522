// SPDX-License-Identifier: Apache-2.0
//
// Policies replaced while calls are at every stage: who decides, and who is told of the end.
#include "call/call_world.h"

namespace myelin::test {
namespace {

using ::testing::_;
using ::testing::Return;

class ReplaceTest : public ::testing::Test {
 protected:
  /// The balancer of `next` decides from now on.
  void ReplaceBalancer(MockBalancer& next) {
    ProxyParts parts = proxy_.parts;
    parts.balancer = world_.policies.Create("next", MockTable(next));
    std::string why;
    ShardChange change = MakeShardChange(world_.worker, &proxy_.parts, parts, *proxy_.counters);
    change.snapshot = Snapshot::Make(parts.endpoints, 99, parts.balancer, world_.policies.control, why);
    proxy_.shard->Apply(std::move(change));
    proxy_.parts = std::move(parts);
  }
  void ReplaceLimiters(std::vector<std::shared_ptr<Limiter>> limiters) {
    ProxyParts parts = proxy_.parts;
    parts.limiters = std::move(limiters);
    proxy_.shard->Apply(MakeShardChange(world_.worker, &proxy_.parts, parts, *proxy_.counters));
    proxy_.parts = std::move(parts);
  }
  static void AnswerFirst(MockBalancer& balancer, uint64_t token) {
    ON_CALL(balancer, Pick).WillByDefault([=](const auto&, const auto&, myelin_pick& out) {
      out.index = 0;
      out.token = token;
      return MYELIN_PICK;
    });
  }

  NiceMock<MockBalancer> next_;  // outlives the world, whose shards end in it
  NiceMock<MockBalancer> later_;
  std::deque<NiceMock<MockBalancer>> many_;
  NiceMock<MockLimiter> limiter_;
  CallWorld world_;
  FakeProxy& proxy_ = world_.proxy;
};

TEST_F(ReplaceTest, AnEndGoesToTheBalancerThatPicked) {
  proxy_.Build();
  world_.PickAlways(0, 7);
  AnswerFirst(next_, 8);
  FakeRelay& old = world_.Start();
  ReplaceBalancer(next_);
  EXPECT_EQ(proxy_.counters->in_flight_old.Get(), 1u);
  FakeRelay& young = world_.Start();
  const auto has_token = [](uint64_t token) { return ::testing::Field(&myelin_call_result::token, token); };
  EXPECT_CALL(proxy_.balancer, Done(has_token(7)));
  EXPECT_CALL(next_, Done(has_token(8)));
  world_.End(young);
  world_.End(old);
  proxy_.shard->FlushResults();
  EXPECT_EQ(proxy_.counters->in_flight_old.Get(), 0u);
}

TEST_F(ReplaceTest, ACallThatTheOldBalancerQueuedIsPickedByTheNewOne) {
  proxy_.Build();
  ON_CALL(proxy_.balancer, Pick).WillByDefault(Return(MYELIN_PICK_QUEUE));
  AnswerFirst(next_, 1);
  FakeRelay& call = world_.Start();
  EXPECT_TRUE(call.waits());
  EXPECT_CALL(next_, Pick);
  ReplaceBalancer(next_);
  EXPECT_EQ(call.call.endpoint(), "10.0.0.1:50051");
}

TEST_F(ReplaceTest, AReplacedBalancerEndsWithItsLastCall) {
  proxy_.Build();
  FakeRelay& call = world_.Start();
  const std::weak_ptr<Balancer> old = proxy_.parts.balancer;
  ReplaceBalancer(next_);
  proxy_.snapshot.reset();
  world_.policies.Settle();
  EXPECT_FALSE(old.expired());
  world_.End(call);
  world_.policies.Settle();
  EXPECT_TRUE(old.expired());
}

TEST_F(ReplaceTest, TheOldestOfTooManyGenerationsIsLetGoAndItsCallEndsWell) {
  proxy_.Build();
  FakeRelay& first = world_.Start();
  const std::weak_ptr<Balancer> oldest = proxy_.parts.balancer;
  EXPECT_CALL(proxy_.balancer, Done).Times(0);
  for (size_t i = 0; i <= ProxyShard::kMaxOldGenerations; ++i) {
    AnswerFirst(many_.emplace_back(), i);
    ReplaceBalancer(many_.back());
    world_.Start();
  }
  proxy_.snapshot.reset();
  world_.policies.Settle();
  EXPECT_TRUE(oldest.expired());
  world_.End(first);
  for (FakeRelay& relay : world_.relays) world_.End(relay);
}

TEST_F(ReplaceTest, ALimiterIsToldOfTheCallsThatItAdmittedAndOfNoOthers) {
  proxy_.Build(1);
  FakeRelay& old = world_.Start();
  EXPECT_CALL(limiter_, Admit).Times(1);
  EXPECT_CALL(limiter_, Done).Times(1);
  EXPECT_CALL(*proxy_.limiters[0], Done).Times(1);
  ReplaceLimiters({world_.policies.Create("other", MockTable(limiter_))});
  world_.End(world_.Start());
  world_.End(old);
  proxy_.shard->FlushResults();
}

TEST_F(ReplaceTest, AKeptLimiterGoesOnWithItsShard) {
  proxy_.Build(1);
  EXPECT_CALL(*proxy_.limiters[0], Admit).Times(2);
  world_.End(world_.Start());
  ReplaceLimiters({proxy_.parts.limiters[0], world_.policies.Create("other", MockTable(limiter_))});
  world_.End(world_.Start());
  EXPECT_EQ(proxy_.counters->limiters.at({"limiter0", 0}).admitted.Get(), 2u);
}

TEST_F(ReplaceTest, ACallHeldByALimiterFinishesOnTheLimitersOfItsTime) {
  proxy_.Build(2);
  ON_CALL(*proxy_.limiters[0], Admit).WillByDefault([](const auto&, myelin_admit& out) {
    out.delay_ns = 10 * CallWorld::kMs;
    return MYELIN_ADMIT_DELAY;
  });
  world_.Start();
  EXPECT_CALL(*proxy_.limiters[1], Admit);
  EXPECT_CALL(limiter_, Admit).Times(0);
  ReplaceLimiters({world_.policies.Create("other", MockTable(limiter_))});
  world_.Pass(20ms);
}

TEST_F(ReplaceTest, ANewPoolPolicyDecidesAboutTheConnectionsThatAreThere) {
  proxy_.Build();
  world_.End(world_.Start());
  NiceMock<MockPool> pool;
  const size_t opened = world_.connector.live();
  ProxyParts parts = proxy_.parts;
  parts.pool = world_.policies.Create("pool2", MockTable(pool));
  EXPECT_CALL(pool, Acquire).WillOnce([](const myelin_pool_view& view, const auto&, myelin_acquire& out) {
    EXPECT_EQ(view.connection_count, 1u);
    out.index = 0;
    return MYELIN_ACQUIRE_USE;
  });
  proxy_.shard->Apply(MakeShardChange(world_.worker, &proxy_.parts, parts, *proxy_.counters));
  proxy_.parts = parts;
  world_.End(world_.Start());
  EXPECT_EQ(world_.connector.live(), opened);
  proxy_.shard.reset();
  parts.pool.reset();
  proxy_.parts.pool.reset();
  world_.policies.Settle();
}

}  // namespace
}  // namespace myelin::test
