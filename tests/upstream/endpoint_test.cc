// SPDX-License-Identifier: Apache-2.0
//
// Endpoints and the snapshots that show them to a balancer.
#include "upstream/endpoint.h"

#include <future>

#include "policy/policy_world.h"
#include "upstream/snapshot.h"

namespace myelin::test {
namespace {

using ::testing::_;
using ::testing::DoAll;
using ::testing::Return;
using ::testing::SetArgPointee;
using ::testing::StrictMock;

std::shared_ptr<Endpoint> MakeEndpoint(const std::string& address, uint32_t slot = 0) {
  return std::make_shared<Endpoint>(Endpoint::Spec{address, 7, 1, "zone-b", {{"rack", "r7"}}}, slot, 2);
}

TEST(EndpointTest, TheCellCountsCallsAndFailures) {
  const auto endpoint = MakeEndpoint("a:1");
  const myelin_endpoint_cell& cell = *endpoint->Abi().cell;
  endpoint->AddInFlight();
  endpoint->AddInFlight();
  EXPECT_EQ(cell.in_flight, 2u);
  endpoint->EndCall(false);
  endpoint->EndCall(true);
  EXPECT_EQ(cell.in_flight, 0u);
  EXPECT_EQ(cell.picked_total, 2u);
  EXPECT_EQ(cell.failed_total, 1u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(&cell) % 64, 0u) << "a cache line of its own";
}

TEST(EndpointTest, LatencyIsAMovingAverageThatIsNeverZero) {
  const auto endpoint = MakeEndpoint("a:1");
  const myelin_endpoint_cell& cell = *endpoint->Abi().cell;
  endpoint->AddLatency(0);
  EXPECT_EQ(cell.latency_ns, 1u) << "0 means that there is none yet";
  endpoint->AddLatency(8'000);
  const uint64_t after = cell.latency_ns;
  EXPECT_GE(after, 1'000u);
  for (int i = 0; i < 100; ++i) endpoint->AddLatency(8'000);
  EXPECT_NEAR(static_cast<double>(cell.latency_ns), 8'000, 10);
}

TEST(EndpointTest, StateTellsWhetherItChangedAndWhenItCameBack) {
  const auto endpoint = MakeEndpoint("a:1");
  EXPECT_FALSE(endpoint->SetState(MYELIN_ENDPOINT_UP, 5));
  EXPECT_EQ(endpoint->Abi().joined_ns, 0u);
  EXPECT_TRUE(endpoint->SetState(MYELIN_ENDPOINT_DOWN, 6));
  EXPECT_TRUE(endpoint->SetState(MYELIN_ENDPOINT_UP, 7));
  EXPECT_EQ(endpoint->Abi().joined_ns, 7u);
}

TEST(EndpointTest, IdsAreNeverReused) {
  const uint64_t first = MakeEndpoint("a:1")->id();
  EXPECT_GT(MakeEndpoint("a:1")->id(), first);
}

TEST(EndpointTest, StatsSumTheWorkers) {
  const auto endpoint = MakeEndpoint("a:1");
  for (uint32_t worker : {0u, 1u}) {
    EndpointCounters& counters = endpoint->counters(worker);
    counters.calls[0].Add(worker + 1);
    counters.ready.Add(2);
    counters.latency[LatencyBucket(1'000'000)].Add();
    counters.latency_sum_ns.Add(1'000'000);
  }
  const EndpointStats stats = endpoint->Stats();
  EXPECT_EQ(stats.calls[0], 3u);
  EXPECT_EQ(stats.connections_ready, 4u);
  EXPECT_EQ(stats.latency.count, 2u);
  EXPECT_DOUBLE_EQ(stats.latency.sum_seconds, 0.002);
  EXPECT_EQ(stats.state, "up");
}

TEST(EndpointTest, LatencyBucketsIncludeTheirUpperBound) {
  EXPECT_EQ(LatencyBucket(0), 0u);
  EXPECT_EQ(LatencyBucket(100'000), 0u);
  EXPECT_EQ(LatencyBucket(100'001), 1u);
  EXPECT_EQ(LatencyBucket(UINT64_MAX), kLatencyBounds.size());
}

class SnapshotTest : public ::testing::Test {
 protected:
  SnapshotTest() { balancer_ = world_.Create("mock", MockTable(mock_)); }

  std::shared_ptr<const Snapshot> Make(uint64_t version = 1) {
    return Snapshot::Make({MakeEndpoint("a:1"), MakeEndpoint("b:2", 1)}, version, balancer_, world_.control, why_);
  }

  StrictMock<MockBalancer> mock_;
  PolicyWorld world_;
  std::shared_ptr<Balancer> balancer_;
  std::string why_;
};

TEST_F(SnapshotTest, ShowsEndpointsAndWhatWasPrepared) {
  int prepared = 0;
  EXPECT_CALL(mock_, Update).WillOnce([&](const myelin_snapshot& snapshot, void** out) {
    EXPECT_EQ(snapshot.prepared, nullptr);
    EXPECT_EQ(snapshot.endpoint_count, 2u);
    const myelin_endpoint& first = *myelin_endpoint_at(&snapshot, 0);
    EXPECT_EQ(std::string(first.address.data, first.address.size), "a:1");
    EXPECT_EQ(first.weight, 7u);
    EXPECT_EQ(first.pair_count, 1u);
    *out = &prepared;
    return MYELIN_OK;
  });
  auto snapshot = Make(9);
  ASSERT_NE(snapshot, nullptr);
  EXPECT_EQ(snapshot->abi().prepared, &prepared);
  EXPECT_EQ(snapshot->abi().version, 9u);
  EXPECT_CALL(mock_, Release(&prepared));
  snapshot.reset();
  world_.Settle();
  EXPECT_CALL(mock_, Destroy);
  balancer_.reset();
}

TEST_F(SnapshotTest, IsReleasedOnceOnTheControlThreadByItsLastHolder) {
  int prepared = 0;
  EXPECT_CALL(mock_, Update).WillOnce(DoAll(SetArgPointee<1>(&prepared), Return(MYELIN_OK)));
  auto first = Make();
  auto second = first;
  first.reset();
  world_.Settle();
  std::thread::id control;
  world_.control.Run([&] { control = std::this_thread::get_id(); });
  std::promise<std::thread::id> where;
  EXPECT_CALL(mock_, Release(&prepared)).WillOnce([&](void*) { where.set_value(std::this_thread::get_id()); });
  std::thread([moved = std::move(second)]() mutable { moved.reset(); }).join();
  EXPECT_EQ(where.get_future().get(), control);
  world_.Settle();
  EXPECT_CALL(mock_, Destroy);
  balancer_.reset();
}

TEST_F(SnapshotTest, TheBalancerLivesAsLongAsWhatItPrepared) {
  int prepared = 0;
  EXPECT_CALL(mock_, Update).WillOnce(DoAll(SetArgPointee<1>(&prepared), Return(MYELIN_OK)));
  auto snapshot = Make();
  balancer_.reset();
  ::testing::InSequence order;
  EXPECT_CALL(mock_, Release(&prepared));
  EXPECT_CALL(mock_, Destroy);
  snapshot.reset();
  world_.Settle();
}

TEST_F(SnapshotTest, ARefusedUpdateMakesNoneAndSaysWhy) {
  EXPECT_CALL(mock_, Update).WillOnce(Return(MYELIN_ERROR_INVALID));
  EXPECT_EQ(Make(), nullptr);
  EXPECT_EQ(why_, "the mock says no");
  EXPECT_CALL(mock_, Destroy);
  balancer_.reset();
}

TEST_F(SnapshotTest, WithoutEndpointsTheBalancerIsNotAsked) {
  const auto empty = Snapshot::Make({}, 1, balancer_, world_.control, why_);
  ASSERT_NE(empty, nullptr);
  EXPECT_EQ(empty->size(), 0u);
  EXPECT_CALL(mock_, Destroy);
  balancer_.reset();
}

}  // namespace
}  // namespace myelin::test
