// SPDX-License-Identifier: Apache-2.0
//
// Which proxy a call goes to, and what its policies see of it.
#include "call/call_world.h"

namespace myelin::test {
namespace {

using ::testing::_;
using ::testing::Return;

class RoutingTest : public ::testing::Test, protected CallWorld {
 protected:
  RoutingTest() {
    proxy.Build();
    payments_.Build();
    carts_.Build();
    ON_CALL(payments_.pool, Acquire).WillByDefault(Return(MYELIN_ACQUIRE_QUEUE));
    ON_CALL(carts_.pool, Acquire).WillByDefault(Return(MYELIN_ACQUIRE_QUEUE));
  }
  void Route(std::vector<Route> routes) { proxy.shard->SetRoutes(std::move(routes)); }
  /// The name of the proxy that takes the call.
  std::string Goes(const std::string& path, std::multimap<std::string, std::string, std::less<>> metadata = {}) {
    FakeRelay& relay = relays.emplace_back(path);
    relay.metadata.values = std::move(metadata);
    return proxy.shard->RouteFor(relay.request).settings().name;
  }

  FakeProxy payments_{policies, worker, "payments", 1};
  FakeProxy carts_{policies, worker, "carts", 1};
};

TEST_F(RoutingTest, WithoutRoutesACallStays) { EXPECT_EQ(Goes("/a.B/C"), "orders"); }

TEST_F(RoutingTest, MetadataServiceAndMethodMustAllMatch) {
  Route({{{{"proxy", "payments"}, {"zone", "b"}}, "", "", &*payments_.shard},
         {{}, "shop.v1.Cart", "Get", &*carts_.shard}});
  EXPECT_EQ(Goes("/a.B/C", {{"proxy", "payments"}, {"zone", "b"}}), "payments");
  EXPECT_EQ(Goes("/a.B/C", {{"proxy", "payments"}}), "orders");
  EXPECT_EQ(Goes("/a.B/C", {{"proxy", "payments "}, {"zone", "b"}}), "orders");
  EXPECT_EQ(Goes("/shop.v1.Cart/Get"), "carts");
  EXPECT_EQ(Goes("/shop.v1.Cart/Put"), "orders");
  EXPECT_EQ(Goes("/shop.v1.Car/Get"), "orders");
}

TEST_F(RoutingTest, AnyValueOfADuplicatedKeyMatches) {
  Route({{{{"proxy", "payments"}}, "", "", &*payments_.shard}});
  EXPECT_EQ(Goes("/a.B/C", {{"proxy", "x"}, {"proxy", "payments"}, {"proxy", "y"}}), "payments");
}

TEST_F(RoutingTest, TheFirstMatchWins) {
  Route({{{}, "a.B", "", &*carts_.shard}, {{}, "a.B", "C", &*payments_.shard}});
  EXPECT_EQ(Goes("/a.B/C"), "carts");
}

TEST_F(RoutingTest, PathsThatAreNoneMatchNoServiceAndDoNoHarm) {
  Route({{{}, "a.B", "", &*carts_.shard}, {{}, "", "C", &*payments_.shard}});
  for (const char* path : {"", "/", "a.B/C", "//", "/a.B"}) EXPECT_EQ(Goes(path), "orders") << path;
}

TEST_F(RoutingTest, ARoutedCallIsCountedWhereItGoes) {
  Route({{{}, "a.B", "", &*carts_.shard}});
  FakeRelay& relay = Start(relays.emplace_back("/a.B/C"));
  EXPECT_EQ(carts_.counters->in_flight.Get(), 1u);
  EXPECT_EQ(proxy.counters->in_flight.Get(), 0u);
  relay.call.End(MYELIN_OUTCOME_CANCELLED, MYELIN_GRPC_CANCELLED, "");
  EXPECT_EQ(carts_.counters->calls[MYELIN_GRPC_CANCELLED].Get(), 1u);
  EXPECT_EQ(carts_.InFlight(), 0u);
}

TEST_F(RoutingTest, PoliciesSeeTheCallWithAllValuesOfTheirKeys) {
  proxy.parts.keys.Want("x-tenant");
  proxy.parts.keys.Want("x-absent");
  proxy.parts.keys.Want("x-many");
  proxy.shard->Apply(MakeShardChange(worker, &proxy.parts, proxy.parts, *proxy.counters));
  FakeRelay& relay = relays.emplace_back("/shop.v1.Cart/Get");
  relay.metadata.values = {{"x-tenant", "acme"}};
  for (int i = 0; i < 20; ++i) relay.metadata.values.emplace("x-many", std::to_string(i));  // more than stand in place
  EXPECT_CALL(proxy.balancer, Pick).WillOnce([](const auto&, const myelin_call& call, myelin_pick&) {
    EXPECT_EQ(std::string(call.service.data, call.service.size), "shop.v1.Cart");
    EXPECT_EQ(std::string(call.method.data, call.method.size), "Get");
    EXPECT_EQ(std::string(call.authority.data, call.authority.size), "shop");
    EXPECT_EQ(call.metadata_count, 3u);
    const myelin_metadata& tenant = *myelin_metadata_at(&call, 0);
    EXPECT_EQ(tenant.count, 1u);
    EXPECT_EQ(std::string(tenant.values[0].data, tenant.values[0].size), "acme");
    EXPECT_EQ(myelin_metadata_at(&call, 1)->count, 0u);
    const myelin_metadata& many = *myelin_metadata_at(&call, 2);
    EXPECT_EQ(many.count, 20u);
    EXPECT_EQ(std::string(many.values[19].data, many.values[19].size), "19");
    return MYELIN_PICK;
  });
  Start(relay);
}

}  // namespace
}  // namespace myelin::test
