// SPDX-License-Identifier: Apache-2.0
//
// The endpoints of a proxy change while it serves, on both pumps.
#include <atomic>
#include <thread>

#include "pump/client.h"
#include "pump/host.h"
#include "pump/upstream.h"

namespace myelin::test {
namespace {

EndpointConfig At(const std::string& address, uint32_t weight = 1) {
  return {address, weight, 0, "", {}, Origin{"test"}};
}

class EndpointsTest : public ::testing::TestWithParam<PumpKind> {
 protected:
  ProxyConfig Proxy(const std::vector<std::string>& addresses) {
    ProxyConfig proxy = ProxyTo("orders", addresses);
    proxy.pump = GetParam();
    return proxy;
  }
};

TEST_P(EndpointsTest, OneThatIsTakenOutFinishesItsCallsAndGetsNoMore) {
  Upstream old_upstream, new_upstream;
  Host host(Proxy({old_upstream.address()}));
  host.Start();
  const auto channel = Connect(host.address());
  ClientCall open(channel, "Echo");
  open.Write("first");
  ASSERT_EQ(open.Read(), "first");
  ASSERT_EQ(host.SetEndpoints({At(new_upstream.address())}), "");
  ASSERT_TRUE(Eventually([&] {
    Unary(channel, "Echo", "x");
    return new_upstream.calls > 0;
  }));
  const int before = old_upstream.calls;
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(Unary(channel, "Echo", "x").status.ok());
  EXPECT_EQ(old_upstream.calls, before);
  ASSERT_EQ(host.Stats().endpoints.size(), 2u);
  EXPECT_EQ(host.Stats().endpoints[1].state, "draining");
  EXPECT_EQ(host.Stats().endpoints[1].in_flight, 1u);
  open.Write("second");
  EXPECT_EQ(open.Read(), "second");
  open.HalfClose();
  EXPECT_TRUE(open.Finish().ok());
  EXPECT_TRUE(Eventually([&] { return host.Stats().endpoints.size() == 1; }));
}

TEST_P(EndpointsTest, ChangesUnderLoadFailNoCall) {
  Upstream one, two, three;
  Host host(Proxy({one.address()}));
  host.Start();
  std::atomic<bool> stop{false};
  std::atomic<int> done{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back([&] {
      const auto channel = Connect(host.address());
      while (!stop) {
        EXPECT_EQ(Unary(channel, "Echo", "x").status.error_message(), "");
        ++done;
      }
    });
  }
  const std::vector<std::vector<EndpointConfig>> sets{{At(two.address()), At(three.address())},
                                                      {At(three.address(), 7)},
                                                      {At(one.address()), At(three.address())},
                                                      {At(one.address())}};
  for (int round = 0; round < 40; ++round) {
    EXPECT_EQ(host.SetEndpoints(sets[static_cast<size_t>(round) % sets.size()]), "");
    const int before = done;
    EXPECT_TRUE(Eventually([&] { return done > before + 4; }));
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_TRUE(Eventually([&] { return host.Held() == 0 && host.Stats().endpoints.size() == 1; }));
  EXPECT_GT(two.calls, 0);
}

TEST_P(EndpointsTest, AnotherWeightKeepsTheConnections) {
  Upstream upstream;
  Host host(Proxy({upstream.address()}));
  host.Start();
  const auto channel = Connect(host.address());
  EXPECT_TRUE(Unary(channel, "Echo", "x").status.ok());
  const EndpointStats before = host.Stats().endpoints.at(0);
  ASSERT_EQ(host.SetEndpoints({At(upstream.address(), 9)}), "");
  EXPECT_TRUE(Unary(channel, "Echo", "x").status.ok());
  const EndpointStats after = host.Stats().endpoints.at(0);
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.weight, 9u);
}

INSTANTIATE_TEST_SUITE_P(Pumps, EndpointsTest, ::testing::Values(PumpKind::kGeneric, PumpKind::kFrame),
                         [](const auto& tested) { return tested.param == PumpKind::kFrame ? "frame" : "generic"; });

}  // namespace
}  // namespace myelin::test
