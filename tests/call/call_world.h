// SPDX-License-Identifier: Apache-2.0
//
// A proxy's shard with mocked policies, a fake network and a clock that the test sets; and calls whose handler
// remembers what it is told. Owned by the test, which stands for worker and control thread.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "call/call.h"
#include "policy/policy_world.h"
#include "upstream/fake_connector.h"

namespace myelin::test {

using namespace std::chrono_literals;
using ::testing::NiceMock;

class FakeMetadata final : public RequestMetadata {
 public:
  void ForEach(std::string_view key, void (*found)(void*, std::string_view), void* context) const override {
    const auto [first, last] = values.equal_range(key);
    for (auto it = first; it != last; ++it) found(context, it->second);
  }
  std::multimap<std::string, std::string, std::less<>> values;
};

/// A call and what its pump was told.
class FakeRelay final : public Call::Handler {
 public:
  explicit FakeRelay(std::string path = "/shop.v1.Cart/Get") : path_(std::move(path)) {
    request.path = path_;
    request.authority = "shop";
    request.peer.text = "10.1.2.3:4711";
    request.metadata = &metadata;
  }

  void OnStream(Connection& connection) override {
    stream = &connection;
    ++streams;
    if (then) then();
  }
  void OnRefused(const Refusal& answer) override {
    EXPECT_FALSE(refusal.has_value());
    refusal = answer;
  }
  bool waits() const { return stream == nullptr && !refusal; }

  FakeMetadata metadata;
  CallRequest request;
  Connection* stream = nullptr;
  int streams = 0;
  std::optional<Refusal> refusal;
  std::function<void()> then;

 private:
  const std::string path_;

 public:
  Call call{*this};  // last, so that it ends first
};

/// The parts of a proxy, made of mocks. `Build` makes its shard.
class FakeProxy {
 public:
  FakeProxy(PolicyWorld& policies, WorkerContext& worker, std::string name, uint32_t endpoint_count)
      : policies_(policies), worker_(worker) {
    parts.settings.name = std::move(name);
    parts.settings.queue_timeout = 1s;
    parts.health_changed = [this](const std::shared_ptr<Endpoint>& endpoint, bool up, const std::string&) {
      health.emplace_back(endpoint->address() + (up ? " up" : " down"));
    };
    for (uint32_t i = 0; i < endpoint_count; ++i) {
      Endpoint::Spec spec{"10.0.0." + std::to_string(i + 1) + ":50051", 1, 0, "", {}};
      parts.endpoints.push_back(std::make_shared<Endpoint>(std::move(spec), i, 1));
    }
  }
  ~FakeProxy() {
    snapshot.reset();
    shard.reset();
    policies_.Settle();
  }

  /// `limiter_count` mocks of `limiters` are asked.
  ProxyShard& Build(uint32_t limiter_count = 0) {
    parts.balancer = policies_.Create("balancer", MockTable(balancer));
    parts.pool = policies_.Create("pool", MockTable(pool));
    for (uint32_t i = 0; i < limiter_count; ++i) {
      limiters.emplace_back(std::make_unique<NiceMock<MockLimiter>>());
      parts.limiters.push_back(policies_.Create("limiter" + std::to_string(i), MockTable(*limiters.back())));
    }
    counters.emplace();
    EndpointPool::Options options;
    options.backoff_base = 100ms;
    options.backoff_max = 3s;
    options.queue_timeout = parts.settings.queue_timeout;
    shard.emplace(worker_, parts, *counters, options);
    Publish(parts.endpoints);
    return *shard;
  }
  void Publish(std::vector<std::shared_ptr<Endpoint>> endpoints, std::string last_down = {}) {
    std::string why;
    snapshot =
        Snapshot::Make(std::move(endpoints), ++version_, parts.balancer, policies_.control, why, std::move(last_down));
    shard->SetSnapshot(snapshot);
  }
  uint64_t InFlight() const {
    uint64_t sum = counters->in_flight.Get();
    for (const auto& endpoint : parts.endpoints) sum += endpoint->in_flight();
    return sum;
  }

  NiceMock<MockBalancer> balancer;
  NiceMock<MockPool> pool;
  std::vector<std::unique_ptr<NiceMock<MockLimiter>>> limiters;
  ProxyParts parts;
  std::optional<ProxyCounters> counters;
  std::shared_ptr<const Snapshot> snapshot;
  std::optional<ProxyShard> shard;
  std::vector<std::string> health;

 private:
  PolicyWorld& policies_;
  WorkerContext& worker_;
  uint64_t version_ = 0;
};

class CallWorld {
 public:
  static constexpr uint64_t kMs = 1'000'000;

  explicit CallWorld(uint32_t endpoint_count = 2) : proxy(policies, worker, "orders", endpoint_count) {
    worker.connector = &connector;
    worker.random = Random(1);
    ON_CALL(proxy.pool, Acquire).WillByDefault(::testing::Return(MYELIN_ACQUIRE_OPEN));
    PickAlways(0, 0);
  }

  void PickAlways(uint32_t index, uint64_t token) {
    ON_CALL(proxy.balancer, Pick).WillByDefault([=](const auto&, const auto&, myelin_pick& out) {
      out.index = index;
      out.token = token;
      return MYELIN_PICK;
    });
  }
  FakeRelay& Start(FakeRelay& relay) {
    relay.request.start_ns = worker.now_ns;
    relay.call.Start(*proxy.shard, relay.request);
    return relay;
  }
  FakeRelay& Start() { return Start(relays.emplace_back()); }
  void End(FakeRelay& relay, uint32_t status = MYELIN_GRPC_OK) { relay.call.End(MYELIN_OUTCOME_SUCCESS, status, ""); }
  void Pass(Duration duration) {
    worker.now_ns += static_cast<uint64_t>(duration.count());
    worker.timers.Advance(worker.now_ns);
  }

  PolicyWorld policies;
  FakeConnector connector;
  WorkerContext worker{0, policies.control, policies.log.get()};
  FakeProxy proxy;
  std::deque<FakeRelay> relays;
};

}  // namespace myelin::test
