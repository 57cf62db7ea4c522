// SPDX-License-Identifier: Apache-2.0
//
// A generation at work: routes between proxies, endpoints that come and go, and the sums of what its workers count.
#include "pump/client.h"
#include "pump/host.h"
#include "pump/upstream.h"

namespace myelin::test {
namespace {

using ::testing::HasSubstr;

Config Of(std::vector<ProxyConfig> proxies, uint32_t workers = 2) {
  Config config;
  config.workers = workers;
  config.proxies = std::move(proxies);
  return config;
}

TEST(GenerationTest, CallsGoWhereTheRoutesSay) {
  Upstream orders_upstream, payments_upstream;
  ProxyConfig orders = ProxyTo("orders", {orders_upstream.address()});
  orders.routes = {{{{"proxy", "payments"}}, "", "", "payments", Origin{"test"}}};
  Host host(Of({orders, ProxyTo("payments", {payments_upstream.address()})}));
  host.Start();
  const auto channel = Connect(host.address(0));
  EXPECT_TRUE(Unary(channel, "Echo", "x").status.ok());
  for (int i = 0; i < 5; ++i) {
    ClientCall routed(channel, "Echo", [](grpc::ClientContext& context) { context.AddMetadata("proxy", "payments"); });
    routed.HalfClose();
    EXPECT_TRUE(routed.Finish().ok());
  }
  EXPECT_EQ(orders_upstream.calls, 1);
  EXPECT_EQ(payments_upstream.calls, 5);
  EXPECT_TRUE(Eventually([&] { return host.Stats(1).calls[0] == 5 && host.Stats(0).calls[0] == 1; }));
}

TEST(GenerationTest, AnEndpointThatGoesAndComesBackLeavesAndJoinsTheSnapshots) {
  Upstream steady;
  auto flapping = std::make_unique<Upstream>();
  const int port = flapping->port();
  ProxyConfig proxy = ProxyTo("orders", {steady.address(), flapping->address()});
  proxy.backoff = {50ms, 50ms, 0};
  Host host(proxy);
  host.Start();
  const auto channel = Connect(host.address());
  const auto spread = [&] {
    for (int i = 0; i < 20; ++i) Unary(channel, "Echo", "x");
  };
  spread();
  flapping.reset();
  EXPECT_TRUE(Eventually([&] {
    spread();
    return host.Stats().endpoints[1].state == "down";
  }));
  const int before = steady.calls;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Unary(channel, "Echo", "x").status.error_message(), "");
  EXPECT_EQ(steady.calls, before + 20);
  EXPECT_THAT(host.log().Text(), HasSubstr("127.0.0.1:" + std::to_string(port) + " is down: connection refused"));
  flapping = std::make_unique<Upstream>(port);
  EXPECT_TRUE(Eventually([&] { return host.Stats().endpoints[1].state == "up"; }));
  EXPECT_TRUE(Eventually([&] {
    spread();
    return flapping->calls > 0;
  }));
  EXPECT_THAT(host.log().Text(), HasSubstr("127.0.0.1:" + std::to_string(port) + " is up"));
}

TEST(GenerationTest, StatsAreTheSumOfAllWorkers) {
  Upstream one, two;
  ProxyConfig proxy = ProxyTo("orders", {one.address(), two.address()});
  proxy.limiters = {Policy("token_bucket", {{"rate", "1000000"}, {"burst", "1000000"}})};
  Host host(Of({proxy}, 4));
  host.Start();
  uint64_t errors = 0;
  for (int i = 0; i < 8; ++i) {
    const auto channel = Connect(host.address());
    for (int j = 0; j < 25; ++j) {
      const bool refuse = j % 5 == 0;
      errors += refuse ? 1u : 0u;
      Unary(channel, refuse ? "Refuse" : "Echo", std::string(100, 'x'));
    }
  }
  ASSERT_TRUE(Eventually([&] { return host.Held() == 0; }));
  const ProxyStats stats = host.Stats();
  EXPECT_EQ(stats.calls[MYELIN_GRPC_OK], 200 - errors);
  EXPECT_EQ(stats.calls[MYELIN_GRPC_NOT_FOUND], errors);
  EXPECT_EQ(stats.limiters.at(0).admitted, 200u);
  EXPECT_EQ(stats.policies.size(), 3u);
  uint64_t calls = 0, sent = 0, latencies = 0;
  for (const EndpointStats& endpoint : stats.endpoints) {
    calls += endpoint.calls[MYELIN_GRPC_OK] + endpoint.calls[MYELIN_GRPC_NOT_FOUND];
    sent += endpoint.bytes_sent;
    latencies += endpoint.latency.count;
    EXPECT_GT(endpoint.connections_ready, 0u);
  }
  EXPECT_EQ(calls, 200u);
  EXPECT_EQ(latencies, 200u);
  EXPECT_GE(sent, (200 - errors) * 100) << "what is refused may end before its message is read";
  EXPECT_EQ(static_cast<uint64_t>(one.calls + two.calls), 200u);
}

TEST(GenerationTest, AStrictPoolIsSharedOutAndNotMultiplied) {
  Upstream upstream;
  ProxyConfig proxy = ProxyTo("orders", {upstream.address()});
  proxy.pool = Policy("strict", {{"size", "3"}});
  Host host(Of({proxy}, 8));
  host.Start();
  EXPECT_TRUE(Eventually([&] { return host.Stats().endpoints[0].connections_ready == 3; }));
  const auto channel = Connect(host.address());
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(Unary(channel, "Echo", "x").status.ok());
  EXPECT_EQ(host.Stats().endpoints[0].connections_opened, 3u);
}

TEST(GenerationTest, HostilePoliciesCostStrikesAndNoCall) {
  const std::string fixtures = std::string(MYELIN_BUILD_DIR) + "/tests/fixtures/";
  for (const char* name : {"bad_verdict.so", "throwing.so:throwing"}) {
    Upstream one, two;
    ProxyConfig proxy = ProxyTo("orders", {one.address(), two.address()});
    proxy.balancer = Policy(fixtures + name);
    proxy.pool = Policy(fixtures + name);
    proxy.limiters = {Policy(fixtures + name)};
    proxy.guards.quarantine = false;
    Host host(proxy);
    host.Start();
    const auto channel = Connect(host.address());
    for (int i = 0; i < 50; ++i) EXPECT_EQ(Unary(channel, "Echo", "x").status.error_message(), "") << name;
    for (const PolicyStats& policy : host.Stats().policies) EXPECT_GE(policy.strikes, 50u) << name << policy.kind;
  }
}

TEST(GenerationTest, MinConnSpreadsOverAllWorkersAndKeepsNoCount) {
  Upstream one, two;
  ProxyConfig proxy = ProxyTo("orders", {one.address(), two.address()});
  proxy.balancer = Policy("min_conn");
  Host host(Of({proxy}, 2));
  host.Start();
  const auto channel = Connect(host.address());
  std::vector<std::unique_ptr<ClientCall>> calls;
  for (int i = 0; i < 100; ++i) {
    calls.push_back(std::make_unique<ClientCall>(channel, "Headers"));
    ASSERT_TRUE(calls.back()->Headers());
  }
  EXPECT_NEAR(one.open, 50, 2);
  EXPECT_NEAR(two.open, 50, 2);
  calls.clear();
  EXPECT_TRUE(Eventually([&] { return host.Held() == 0; }));
}

}  // namespace
}  // namespace myelin::test
