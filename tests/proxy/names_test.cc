// SPDX-License-Identifier: Apache-2.0
//
// Endpoints that are configured by name, with a resolver that the test answers for; at the end the machine's own.
#include <algorithm>
#include <map>
#include <mutex>

#include "pump/client.h"
#include "pump/host.h"
#include "pump/upstream.h"

namespace myelin::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// Answers at once, on the caller's thread, with what it has been told last.
class FakeResolver final : public Resolver {
 public:
  void Set(const std::string& name, std::vector<std::string> addresses) {
    std::lock_guard lock(mutex_);
    addresses_[name] = std::move(addresses);
  }
  void LookUp(const std::string& name, Answer answer) override {
    std::unique_lock lock(mutex_);
    ++lookups_;
    const std::vector<std::string> found = addresses_[name];
    lock.unlock();
    answer(found, found.empty() ? "no such name" : "");
  }
  int lookups() {
    std::lock_guard lock(mutex_);
    return lookups_;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> addresses_;
  int lookups_ = 0;
};

EndpointConfig Named(const std::string& name, uint32_t weight = 1) { return {name, weight, 0, "", {}, Origin{"test"}}; }

class NamesTest : public ::testing::TestWithParam<PumpKind> {
 protected:
  Host& Start(std::vector<EndpointConfig> endpoints, Duration refresh = 20ms) {
    ProxyConfig proxy = ProxyTo("orders", {});
    proxy.endpoints = std::move(endpoints);
    proxy.pump = GetParam();
    proxy.dns_refresh = refresh;
    host_.emplace(proxy);
    host_->SetResolver(resolver_);
    return host_->Start();
  }
  /// Whether a call comes to `upstream` in the end.
  bool Reaches(const Upstream& upstream) {
    const auto channel = Connect(host_->address());
    const int before = upstream.calls;
    return Eventually([&] {
      Unary(channel, "Echo", "x");
      return upstream.calls > before;
    });
  }

  FakeResolver resolver_;
  std::optional<Host> host_;
};

TEST_P(NamesTest, EachAddressIsAnEndpointOfItsOwnWithAShareOfTheWeight) {
  Upstream one, two, alone;
  resolver_.Set("shop:1", {one.address(), two.address()});
  Host& host = Start({Named("shop:1", 10), Named(alone.address(), 3)});
  EXPECT_TRUE(Reaches(one));
  EXPECT_TRUE(Reaches(two));
  EXPECT_TRUE(Reaches(alone));
  const std::vector<EndpointStats> endpoints = host.Stats().endpoints;
  ASSERT_EQ(endpoints.size(), 3u);
  EXPECT_EQ(endpoints[0].address, one.address());
  EXPECT_EQ(endpoints[0].name, "shop:1");
  EXPECT_EQ(endpoints[0].weight, 5u);
  EXPECT_EQ(endpoints[1].weight, 5u);
  EXPECT_EQ(endpoints[2].weight, 3u);
  EXPECT_EQ(endpoints[2].name, "");
}

TEST_P(NamesTest, AddressesThatComeAndGoAreFollowedWithoutALostCall) {
  Upstream one, two;
  resolver_.Set("shop:1", {one.address()});
  Host& host = Start({Named("shop:1")});
  const auto channel = Connect(host.address());
  ClientCall open(channel, "Echo");
  open.Write("first");
  ASSERT_EQ(open.Read(), "first");
  resolver_.Set("shop:1", {two.address()});
  EXPECT_TRUE(Reaches(two));
  const int before = one.calls;
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(Unary(channel, "Echo", "x").status.ok());
  EXPECT_EQ(one.calls, before);
  open.HalfClose();
  EXPECT_TRUE(open.Finish().ok());
  EXPECT_TRUE(Eventually([&] { return host.Stats().endpoints.size() == 1; }));
}

TEST_P(NamesTest, AnAddressThatStaysKeepsItsConnections) {
  Upstream one, two;
  resolver_.Set("shop:1", {one.address()});
  Host& host = Start({Named("shop:1")});
  EXPECT_TRUE(Reaches(one));
  const uint64_t id = host.Stats().endpoints[0].id;
  resolver_.Set("shop:1", {one.address(), two.address()});
  EXPECT_TRUE(Reaches(two));
  EXPECT_EQ(host.Stats().endpoints[0].id, id);
}

TEST_P(NamesTest, AFailedRefreshKeepsTheLastGoodAddresses) {
  Upstream upstream;
  resolver_.Set("shop:1", {upstream.address()});
  Host& host = Start({Named("shop:1")});
  EXPECT_TRUE(Reaches(upstream));
  resolver_.Set("shop:1", {});
  const int before = resolver_.lookups();
  EXPECT_TRUE(Eventually([&] { return resolver_.lookups() > before + 2; }));
  EXPECT_TRUE(Unary(Connect(host.address()), "Echo", "x").status.ok());
  EXPECT_THAT(host.log().Text(), HasSubstr("shop:1 keeps its addresses: its name was not found again: no such name"));
}

TEST_P(NamesTest, ANameThatIsNotFoundAtTheStartIsDownWithTheReasonAndTriedAgain) {
  Upstream upstream;
  Host& host = Start({Named("shop:1", 4)});
  const grpc::Status status = Unary(Connect(host.address()), "Echo", "x").status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("shop:1: its name was not found: no such name"));
  const EndpointStats down = host.Stats().endpoints.at(0);
  EXPECT_EQ(down.address, "shop:1");
  EXPECT_EQ(down.state, "down");
  EXPECT_EQ(down.weight, 4u);
  EXPECT_THAT(host.log().Text(), HasSubstr("shop:1 is down: its name was not found: no such name"));
  resolver_.Set("shop:1", {upstream.address()});
  EXPECT_TRUE(Reaches(upstream));
  EXPECT_EQ(host.Stats().endpoints.at(0).address, upstream.address());
}

TEST_P(NamesTest, OtherEndpointsServeWhileANameIsNotFound) {
  Upstream upstream;
  Host& host = Start({Named("shop:1"), Named(upstream.address())});
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(Unary(Connect(host.address()), "Echo", "x").status.ok());
}

TEST_P(NamesTest, ARefreshOfZeroLooksUpOnceAndAddressesAreNeverLookedUp) {
  Upstream upstream, other;
  resolver_.Set("shop:1", {upstream.address()});
  Host& host = Start({Named("shop:1"), Named(other.address()), Named("[::1]:9"), Named("unix:/nowhere")}, 0s);
  EXPECT_TRUE(Reaches(upstream));
  EXPECT_EQ(resolver_.lookups(), 1);
  EXPECT_THAT(host.log().Text(), AllOf(HasSubstr("shop:1 is at " + upstream.address()), Not(HasSubstr("not found"))));
}

TEST_P(NamesTest, EndpointsThatAreSetByNameAreThereWhenSetEndpointsReturns) {
  Upstream one, two;
  resolver_.Set("next:1", {two.address()});
  Host& host = Start({Named(one.address())});
  EXPECT_TRUE(Reaches(one));
  ASSERT_EQ(host.SetEndpoints({Named("next:1")}), "");
  EXPECT_EQ(host.Stats().endpoints.at(0).address, two.address());
  EXPECT_TRUE(Reaches(two));
  resolver_.Set("next:1", {one.address()});
  EXPECT_TRUE(Reaches(one)) << "a name that came later is looked up again as well";
}

INSTANTIATE_TEST_SUITE_P(Pumps, NamesTest, ::testing::Values(PumpKind::kGeneric, PumpKind::kFrame),
                         [](const auto& tested) { return tested.param == PumpKind::kFrame ? "frame" : "generic"; });

TEST(SystemResolverTest, TheMachineKnowsLocalhostAndNoInvalidName) {
  SystemResolver resolver;
  std::mutex mutex;
  std::map<std::string, std::vector<std::string>> found;
  std::map<std::string, std::string> reasons;
  for (const char* name : {"localhost:1234", "no-such-host.invalid:1"}) {
    resolver.LookUp(name, [&, name](std::vector<std::string> addresses, const std::string& why) {
      std::lock_guard lock(mutex);
      found[name] = std::move(addresses);
      reasons[name] = why;
    });
  }
  ASSERT_TRUE(Eventually([&] {
    std::lock_guard lock(mutex);
    return found.size() == 2;
  }));
  const auto& local = found["localhost:1234"];
  EXPECT_TRUE(std::any_of(local.begin(), local.end(),
                          [](const auto& text) { return text == "127.0.0.1:1234" || text == "[::1]:1234"; }));
  EXPECT_EQ(reasons["localhost:1234"], "");
  EXPECT_TRUE(found["no-such-host.invalid:1"].empty());
  EXPECT_NE(reasons["no-such-host.invalid:1"], "");
}

TEST(SystemResolverTest, LocalhostServesEndToEnd) {
  Upstream upstream;
  for (const PumpKind pump : {PumpKind::kGeneric, PumpKind::kFrame}) {
    ProxyConfig proxy = ProxyTo("orders", {"localhost:" + std::to_string(upstream.port())});
    proxy.pump = pump;
    Host host(proxy);
    host.Start();
    const auto channel = Connect(host.address());
    EXPECT_TRUE(Eventually([&] { return Unary(channel, "Echo", "x").status.ok(); }));
    const auto endpoints = host.Stats().endpoints;
    EXPECT_TRUE(std::any_of(endpoints.begin(), endpoints.end(), [&](const EndpointStats& endpoint) {
      return endpoint.address == upstream.address() && endpoint.name == "localhost:" + std::to_string(upstream.port());
    }));
  }
}

}  // namespace
}  // namespace myelin::test
