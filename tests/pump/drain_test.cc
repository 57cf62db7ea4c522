// SPDX-License-Identifier: Apache-2.0
//
// The end of a generation: what is in flight, what is new, and what is left.
#include <dirent.h>

#include <future>

#include "pump/client.h"
#include "pump/host.h"
#include "pump/upstream.h"

namespace myelin::test {
namespace {

size_t OpenFiles() {
  size_t count = 0;
  DIR* directory = ::opendir("/proc/self/fd");
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

TEST(DrainTest, CallsInFlightFinishAndNewOnesAreRefused) {
  Upstream upstream;
  Host host(ProxyTo("orders", {upstream.address()}));
  host.Start();
  const auto channel = Connect(host.address());
  ClientCall call(channel, "Headers");
  ASSERT_TRUE(call.Headers());
  auto drained = std::async(std::launch::async, [&] { host.Drain(30s); });
  const auto late = Connect(host.address());
  EXPECT_TRUE(Eventually([&] { return !Unary(late, "Echo", "x", 2s).status.ok(); }));
  ASSERT_TRUE(call.Write("still served"));
  EXPECT_EQ(call.Read(), "still served");
  EXPECT_NE(drained.wait_for(0s), std::future_status::ready);
  call.HalfClose();
  EXPECT_TRUE(call.Finish().ok());
  EXPECT_EQ(drained.wait_for(20s), std::future_status::ready);
}

TEST(DrainTest, OpenStreamsAreCutAtTheDeadline) {
  Upstream upstream;
  Host host(ProxyTo("orders", {upstream.address()}));
  host.Start();
  const auto channel = Connect(host.address());
  std::vector<std::unique_ptr<ClientCall>> calls;
  for (int i = 0; i < 50; ++i) {
    calls.push_back(std::make_unique<ClientCall>(channel, "Headers"));
    ASSERT_TRUE(calls.back()->Headers());
  }
  const auto start = std::chrono::steady_clock::now();
  host.Drain(300ms);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
  host.Stop();
  for (auto& call : calls) EXPECT_FALSE(call->Finish().ok());
  EXPECT_TRUE(Eventually([&] { return upstream.open == 0; }));
}

TEST(DrainTest, CallsThatWaitForAConnectionAreCutToo) {
  ProxyConfig proxy = ProxyTo("orders", {"127.0.0.1:1"});
  proxy.pool = Policy("strict", {{"size", "1"}});
  proxy.backoff.base = 1h;
  Host host(proxy);
  host.Start();
  const auto channel = Connect(host.address());
  for (int i = 0; i < 20; ++i) Unary(channel, "Echo", "x");
  host.Drain(0ms);
  host.Stop();
}

TEST(DrainTest, GenerationsUnderLoadStartAndStopWithoutLeavingFilesOpen) {
  Upstream upstream;
  size_t files = 0;
  for (int round = 0; round < 20; ++round) {
    Host host(ProxyTo("orders", {upstream.address(), "127.0.0.1:1"}));
    host.Start();
    const auto channel = Connect(host.address());
    ClientCall open(channel, "Hang");
    for (int i = 0; i < 10; ++i) EXPECT_EQ(Unary(channel, "Echo", "x").status.error_message(), "");
    host.Stop();
    if (round == 4) files = OpenFiles();
  }
  EXPECT_TRUE(Eventually([&] { return upstream.open == 0; }));
  EXPECT_LE(OpenFiles(), files + 20);
}

// The control thread tells the workers of an endpoint's health while they end.
TEST(DrainTest, AnEndpointThatFlapsWhileTheHostStopsDoesNoHarm) {
  for (int round = 0; round < 20; ++round) {
    ProxyConfig proxy = ProxyTo("orders", {"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"});
    proxy.pool = Policy("strict", {{"size", "4"}});
    proxy.backoff = {1ms, 1ms, 0};
    Config config;
    config.workers = 4;
    config.proxies = {proxy};
    Host host(config);
    host.Start();
    const auto channel = Connect(host.address());
    Unary(channel, "Echo", "x");
    host.Stop();
  }
}

TEST(DrainTest, AGenerationThatNeverStartedEnds) {
  Host host(ProxyTo("orders", {"127.0.0.1:1"}));
  host.Start();
  host.Stop();
}

}  // namespace
}  // namespace myelin::test
