// SPDX-License-Identifier: Apache-2.0
//
// Policies in their host: creation, and what becomes of answers that no host can follow.
#include "policy/shard.h"

#include "policy/policy_world.h"

namespace myelin::test {
namespace {

using ::testing::_;
using ::testing::DoAll;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Return;
using ::testing::StrictMock;

int32_t Refuse(const myelin_host*, const myelin_options*, void**, myelin_error* error) {
  if (error->capacity > 0) error->size = std::string_view("size must be odd").copy(error->message, error->capacity);
  return MYELIN_ERROR_INVALID;
}
int32_t RefuseSilently(const myelin_host*, const myelin_options*, void**, myelin_error*) { return -6; }
int32_t RefuseAndLie(const myelin_host*, const myelin_options*, void**, myelin_error* error) {
  error->size = UINT64_MAX;
  return MYELIN_ERROR_INVALID;
}

std::string Fixture(const std::string& name) { return std::string(MYELIN_BUILD_DIR) + "/tests/fixtures/" + name; }

class ShardTest : public ::testing::Test {
 protected:
  ShardTest() {
    endpoints_.resize(3);
    snapshot_.struct_size = sizeof(snapshot_);
    snapshot_.endpoint_count = 3;
    snapshot_.endpoint_stride = sizeof(myelin_endpoint);
    snapshot_.endpoints = endpoints_.data();
    call_.struct_size = sizeof(call_);
    view_.struct_size = sizeof(view_);
    view_.connection_stride = sizeof(myelin_connection);
    view_.worker_count = 1;
  }

  std::string CreateError(int32_t (*create)(const myelin_host*, const myelin_options*, void**, myelin_error*)) {
    myelin_pool table{};
    table.create = create;
    table.destroy = [](void*) { ADD_FAILURE() << "an instance that was not made was destroyed"; };
    table.acquire = [](void*, const myelin_pool_view*, const myelin_call*, myelin_acquire*) { return 0u; };
    Diagnostics diagnostics;
    CheckedOptions options;
    EXPECT_TRUE(CheckOptions(OptionTable(), Node{}, diagnostics, options));
    const PolicyHandle& handle = world_.Handle("even", table);
    EXPECT_EQ(Pool::Create(handle, options, world_.Environment(), Origin{"o.yaml", 3, 5}, diagnostics), nullptr);
    return diagnostics.all().size() == 1 ? diagnostics.all()[0].ToString() : "not one error";
  }

  void AddConnection(uint32_t state, uint32_t streams, uint32_t limit = UINT32_MAX) {
    myelin_connection connection{};
    connection.struct_size = sizeof(connection);
    connection.state = state;
    connection.streams = streams;
    connection.stream_limit = limit;
    connections_.push_back(connection);
    view_.connections = connections_.data();
    view_.connection_count = static_cast<uint32_t>(connections_.size());
  }

  PolicyWorld world_;
  std::vector<myelin_endpoint> endpoints_;
  std::vector<myelin_connection> connections_;
  myelin_snapshot snapshot_{};
  myelin_pool_view view_{};
  myelin_call call_{};
  myelin_pick pick_{};
  myelin_acquire acquire_{};
  myelin_admit admit_{};
};

TEST_F(ShardTest, ACreateThatRefusesIsQuotedWithItsPlace) {
  EXPECT_EQ(CreateError(Refuse), "o.yaml:3:5: error: pool 'even' refuses its options: size must be odd");
  EXPECT_THAT(CreateError(RefuseSilently), HasSubstr("error -6 without a message"));
  EXPECT_THAT(CreateError(RefuseAndLie), HasSubstr("refuses its options"));
}

TEST_F(ShardTest, AShardThatIsRefusedNamesPolicyAndWorker) {
  StrictMock<MockLimiter> mock;
  myelin_limiter table = MockTable(mock);
  table.create_shard = [](void*, uint32_t, void**, myelin_error* error) {
    error->size = std::string_view("no memory").copy(error->message, error->capacity);
    return MYELIN_ERROR_NO_MEMORY;
  };
  table.destroy_shard = [](void*, void*) { ADD_FAILURE() << "a shard that was not made was destroyed"; };
  const auto limiter = world_.Create("greedy", table);
  try {
    LimiterShard shard(*limiter, 3);
    ADD_FAILURE() << "no error";
  } catch (const ShardError& error) {
    EXPECT_STREQ(error.what(), "policy 'greedy' makes no shard for worker 3: no memory");
  }
}

TEST_F(ShardTest, ValidAnswersPassAndCostNoStrike) {
  StrictMock<MockBalancer> mock;
  EXPECT_CALL(mock, Destroy);
  const auto balancer = world_.Create("mock", MockTable(mock));
  BalancerShard shard(*balancer, 0);
  EXPECT_CALL(mock, Pick)
      .WillOnce([](const auto&, const auto&, myelin_pick& out) {
        out.index = 2;
        out.token = 17;
        return MYELIN_PICK;
      })
      .WillOnce(Return(MYELIN_PICK_QUEUE))
      .WillOnce(Return(MYELIN_PICK_FAIL));
  EXPECT_EQ(shard.Pick(snapshot_, call_, pick_), MYELIN_PICK);
  EXPECT_EQ(pick_.index, 2u);
  EXPECT_EQ(pick_.token, 17u);
  EXPECT_EQ(shard.Pick(snapshot_, call_, pick_), MYELIN_PICK_QUEUE);
  EXPECT_EQ(shard.Pick(snapshot_, call_, pick_), MYELIN_PICK_FAIL);
  EXPECT_EQ(balancer->guard().strikes(), 0u);
}

TEST_F(ShardTest, APickBeyondTheSnapshotIsAStrikeAndTheHostPicksAtRandom) {
  world_.guards.quarantine = false;
  const auto balancer = world_.Load<myelin_balancer>(Fixture("bad_index.so"));
  BalancerShard shard(*balancer, 0);
  for (call_.random = 0; call_.random < 30; ++call_.random) {
    EXPECT_EQ(shard.Pick(snapshot_, call_, pick_), kHostDecides);
    EXPECT_EQ(pick_.index, call_.random % 3);
  }
  EXPECT_EQ(balancer->guard().strikes(), 30u);
  EXPECT_THAT(world_.log.Text(), HasSubstr("pick answered endpoint 3 of 3; the built-in fallback decides; 1 so far"));
  EXPECT_THAT(world_.log.Text(), HasSubstr("16 so far"));
  EXPECT_THAT(world_.log.Text(), Not(HasSubstr("17 so far"))) << "only powers of two are logged";
}

TEST_F(ShardTest, UnknownVerdictsAndThrownExceptionsAreStrikes) {
  for (const char* name : {"bad_verdict.so", "throwing.so:throwing"}) {
    const auto balancer = world_.Load<myelin_balancer>(Fixture(name));
    const auto pool = world_.Load<myelin_pool>(Fixture(name));
    const auto limiter = world_.Load<myelin_limiter>(Fixture(name));
    BalancerShard balancer_shard(*balancer, 0);
    PoolShard pool_shard(*pool, 0);
    LimiterShard limiter_shard(*limiter, 0);
    EXPECT_EQ(balancer_shard.Pick(snapshot_, call_, pick_), kHostDecides) << name;
    EXPECT_EQ(pool_shard.Acquire(view_, call_, acquire_), MYELIN_ACQUIRE_OPEN) << name;
    EXPECT_EQ(limiter_shard.Admit(call_, admit_), kHostDecides) << name;
    EXPECT_EQ(balancer->guard().strikes() + pool->guard().strikes() + limiter->guard().strikes(), 3u) << name;
  }
}

TEST_F(ShardTest, ThePoolsFallbackTakesTheLeastLoadedUsableConnection) {
  const auto pool = world_.Load<myelin_pool>(Fixture("bad_index.so"));
  PoolShard shard(*pool, 0);
  AddConnection(MYELIN_CONNECTION_READY, 5);
  AddConnection(MYELIN_CONNECTION_DRAINING, 0);
  AddConnection(MYELIN_CONNECTION_READY, 1, 1);
  AddConnection(MYELIN_CONNECTION_CONNECTING, 3);
  EXPECT_EQ(shard.Acquire(view_, call_, acquire_), MYELIN_ACQUIRE_USE);
  EXPECT_EQ(acquire_.index, 3u);
  EXPECT_EQ(acquire_.open, 0u);
}

TEST_F(ShardTest, ThePoolsFallbackOpensABoundedNumberOfConnections) {
  const auto pool = world_.Load<myelin_pool>(Fixture("bad_verdict.so"));
  PoolShard shard(*pool, 0);
  for (int i = 0; i < 15; ++i) AddConnection(MYELIN_CONNECTION_READY, 1, 1);
  EXPECT_EQ(shard.Acquire(view_, call_, acquire_), MYELIN_ACQUIRE_OPEN);
  AddConnection(MYELIN_CONNECTION_READY, 1, 1);
  EXPECT_EQ(shard.Acquire(view_, call_, acquire_), MYELIN_ACQUIRE_QUEUE);
}

TEST_F(ShardTest, APoolThatNamesADrainingConnectionGetsAStrike) {
  StrictMock<MockPool> mock;
  const auto pool = world_.Create("mock", MockTable(mock));
  PoolShard shard(*pool, 0);
  AddConnection(MYELIN_CONNECTION_DRAINING, 1);
  EXPECT_CALL(mock, Acquire).WillOnce(Return(MYELIN_ACQUIRE_USE));
  EXPECT_EQ(shard.Acquire(view_, call_, acquire_), MYELIN_ACQUIRE_OPEN);
  EXPECT_THAT(world_.log.Text(), HasSubstr("acquire answered connection 0 of 1, which takes no calls"));
}

TEST_F(ShardTest, ALimiterThatFailsClosedRefusesWhereAnotherAdmits) {
  StrictMock<MockLimiter> mock;
  myelin_limiter table = MockTable(mock);
  table.flags = MYELIN_LIMITER_FAIL_CLOSED;
  const auto limiter = world_.Create("guard", table);
  LimiterShard shard(*limiter, 0);
  EXPECT_CALL(mock, Admit).WillOnce(Return(99u));
  EXPECT_EQ(shard.Admit(call_, admit_), MYELIN_ADMIT_REJECT);
  EXPECT_EQ(admit_.status, MYELIN_GRPC_UNAVAILABLE);
  EXPECT_EQ(std::string(admit_.message.data, admit_.message.size), "the permission check failed");
}

TEST_F(ShardTest, TheBalancersFallbackLeavesOutWeightZero) {
  const auto balancer = world_.Load<myelin_balancer>(Fixture("bad_index.so"));
  BalancerShard shard(*balancer, 0);
  endpoints_[1].weight = 5;
  for (call_.random = 0; call_.random < 6; ++call_.random) {
    EXPECT_EQ(shard.Pick(snapshot_, call_, pick_), kHostDecides);
    EXPECT_EQ(pick_.index, 1u);
  }
}

TEST_F(ShardTest, AfterSoManyStrikesThePolicyIsNotAskedAnyMore) {
  StrictMock<MockBalancer> mock;
  EXPECT_CALL(mock, Destroy);
  world_.guards.strikes = 3;
  const auto balancer = world_.Create("mock", MockTable(mock));
  BalancerShard shard(*balancer, 0);
  EXPECT_CALL(mock, Pick).Times(3).WillRepeatedly(Return(99u));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(shard.Pick(snapshot_, call_, pick_), kHostDecides);
  const myelin_call_result result{};
  shard.Done(&result, 1);  // the mock is strict: it is not told
  const PolicyStats stats = balancer->guard().Stats();
  EXPECT_TRUE(stats.quarantined);
  EXPECT_EQ(stats.strikes, 3u);
  EXPECT_EQ(stats.hooks.at(2).hook, "pick");
  EXPECT_EQ(stats.hooks.at(2).calls, 3u);
  EXPECT_EQ(stats.hooks.at(2).passed_over, 7u);
  EXPECT_THAT(world_.log.Text(),
              HasSubstr("balancer 'mock' is quarantined: 3 invalid answers within 1m, the last: pick gave an invalid "
                        "answer (verdict 99); the built-in fallback decides until it is swapped or the configuration "
                        "reloaded"));
}

TEST_F(ShardTest, AQuarantinedPoolAndLimiterAreNotAskedAndOneThatFailsClosedStaysClosed) {
  StrictMock<MockPool> pool_mock;
  StrictMock<MockLimiter> limiter_mock;
  myelin_limiter table = MockTable(limiter_mock);
  table.flags = MYELIN_LIMITER_FAIL_CLOSED;
  const auto pool = world_.Create("mock", MockTable(pool_mock));
  const auto limiter = world_.Create("guard", table);
  const auto open = world_.Create("open", MockTable(limiter_mock));
  PoolShard pool_shard(*pool, 0);
  LimiterShard closed_shard(*limiter, 0), open_shard(*open, 0);
  pool->guard().Quarantine("a test says so");
  limiter->guard().Quarantine("a test says so");
  open->guard().Quarantine("a test says so");
  myelin_tick tick{};
  pool_shard.Tick(view_, tick);
  EXPECT_EQ(pool_shard.Acquire(view_, call_, acquire_), MYELIN_ACQUIRE_OPEN);
  EXPECT_EQ(closed_shard.Admit(call_, admit_), MYELIN_ADMIT_REJECT);
  EXPECT_EQ(admit_.status, MYELIN_GRPC_UNAVAILABLE);
  EXPECT_EQ(open_shard.Admit(call_, admit_), kHostDecides);
}

TEST_F(ShardTest, ExceptionsFromATableWithoutTheSdksWrapperAreStrikes) {
  StrictMock<MockBalancer> mock;
  EXPECT_CALL(mock, Destroy).WillOnce([] { throw 7; });
  auto balancer = world_.Create("mock", MockTable(mock));
  {
    BalancerShard shard(*balancer, 0);
    EXPECT_CALL(mock, Pick).WillOnce([](const auto&, const auto&, auto&) -> uint32_t { throw 7; });
    EXPECT_CALL(mock, Done).WillOnce([](const auto&) { throw 7; });
    EXPECT_EQ(shard.Pick(snapshot_, call_, pick_), kHostDecides);
    const myelin_call_result result{};
    shard.Done(&result, 1);
  }
  EXPECT_EQ(balancer->guard().strikes(), 2u);
  EXPECT_THAT(world_.log.Text(), HasSubstr("pick threw an exception; the built-in fallback decides; 1 so far"));
  balancer.reset();
  EXPECT_THAT(world_.log.Text(), HasSubstr("done threw an exception"));
}

}  // namespace
}  // namespace myelin::test
