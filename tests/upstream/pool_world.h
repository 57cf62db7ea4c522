// SPDX-License-Identifier: Apache-2.0
//
// An EndpointPool with a fake network, a clock that the test sets, and calls that remember what they are told. Owned by
// the test, which stands for the worker.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "policy/policy_world.h"
#include "upstream/endpoint_pool.h"
#include "upstream/fake_connector.h"

namespace myelin::test {

using namespace std::chrono_literals;

class FakeWaiter final : public Waiter {
 public:
  struct Refused {
    NoStream reason;
    uint32_t status;
    std::string why;
  };

  void OnStream(Connection& connection) override {
    EXPECT_EQ(stream, nullptr);
    stream = &connection;
    if (then) then();
  }
  void OnNoStream(NoStream reason, uint32_t status, std::string_view why) override {
    EXPECT_FALSE(refused.has_value());
    refused = Refused{reason, status, std::string(why)};
    if (then) then();
  }
  const myelin_call& FillCall() override {
    ++asked;
    return call;
  }
  bool waits() const { return stream == nullptr && !refused; }

  Connection* stream = nullptr;
  std::optional<Refused> refused;
  int asked = 0;
  myelin_call call{sizeof(myelin_call), 0, 0, 0, 0, 0, {}, {}, {}, {}, {}, {}, 0, 0, nullptr, 0, 0};
  std::function<void()> then;  // from within the callback
};

class PoolWorld {
 public:
  static constexpr uint64_t kMs = 1'000'000;

  PoolWorld() {
    worker.connector = &connector;
    worker.random = Random(1);
    options.connection = {5s, 60s, 20s};
    options.backoff_base = 100ms;
    options.backoff_max = 3s;
    options.backoff_jitter = 0;
    options.queue_timeout = 1s;
  }
  ~PoolWorld() {
    shard_pool.reset();
    EXPECT_EQ(connector.live(), 0u) << "a connection was left open";
    EXPECT_EQ(Counters().connecting.Get() + Counters().ready.Get() + Counters().draining.Get(), 0u);
    EXPECT_EQ(Counters().queued.Get(), 0u);
  }

  /// Makes the pool, with what decides in it.
  EndpointPool& Make(std::shared_ptr<Pool> policy) {
    shard_pool.reset();
    shard.reset();
    instance = std::move(policy);
    shard.emplace(*instance, 0);
    shard_pool.emplace(worker, endpoint, *shard, options,
                       [this](const std::shared_ptr<Endpoint>&, bool up, const std::string& reason) {
                         health.emplace_back(up ? "up" : "down: " + reason);
                         if (!state_follows) return;
                         endpoint->SetState(up ? MYELIN_ENDPOINT_UP : MYELIN_ENDPOINT_DOWN, worker.now_ns);
                       });
    return *shard_pool;
  }
  EndpointPool& pool() { return *shard_pool; }

  /// Asks for a stream, as a Call does.
  FakeWaiter& Acquire() {
    FakeWaiter& waiter = waiters.emplace_back();
    if (Connection* connection = pool().Acquire(waiter)) waiter.stream = connection;
    return waiter;
  }
  void Release(FakeWaiter& waiter) { pool().Release(*std::exchange(waiter.stream, nullptr)); }

  /// Time goes on, timer by timer.
  void Pass(Duration duration) {
    const uint64_t end = worker.now_ns + static_cast<uint64_t>(duration.count());
    while (worker.timers.NextDue() <= end) {
      worker.now_ns = std::max(worker.now_ns, worker.timers.NextDue());
      worker.timers.Advance(worker.now_ns);
    }
    worker.now_ns = end;
    worker.timers.Advance(end);
  }

  EndpointCounters& Counters() { return endpoint->counters(0); }

  PolicyWorld policies;
  FakeConnector connector;
  WorkerContext worker{0, policies.control, policies.log.get()};
  std::shared_ptr<Endpoint> endpoint = std::make_shared<Endpoint>(Endpoint::Spec{"10.0.0.1:50051", 1, 0, "", {}}, 0, 1);
  EndpointPool::Options options;
  std::vector<std::string> health;
  bool state_follows = true;  // what the control thread does, if it agrees
  std::shared_ptr<Pool> instance;
  std::optional<PoolShard> shard;
  std::optional<EndpointPool> shard_pool;
  std::deque<FakeWaiter> waiters;
};

}  // namespace myelin::test
