// SPDX-License-Identifier: Apache-2.0
//
// What a policy may ask of the host, and when.
#include "policy/host_services.h"

#include <atomic>
#include <future>

#include "policy/policy_world.h"

namespace myelin::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class HostServicesTest : public ::testing::Test {
 protected:
  int32_t Want(const std::string& key, uint32_t& slot) {
    return host().want_metadata(host().context, key.data(), key.size(), &slot);
  }
  int32_t Metric(const char* name, uint64_t** cell) {
    return host().add_metric(host().context, MYELIN_METRIC_COUNTER, name, "a doc", cell);
  }
  const myelin_host& host() { return *services_->abi(); }

  PolicyWorld world_;
  PolicyGuard& Guard(const std::string& policy) {
    return *guards_.emplace_back(std::make_unique<PolicyGuard>(PolicyIdentity{"orders", "pool", policy, "", "", "", 1},
                                                               GuardSettings{}, world_.log.get()));
  }
  std::unique_ptr<HostServices> Services(const std::string& policy) {
    return std::make_unique<HostServices>(world_.Environment(), Guard(policy));
  }

  std::vector<std::unique_ptr<PolicyGuard>> guards_;
  std::unique_ptr<HostServices> services_ = Services("strict");
};

TEST_F(HostServicesTest, ShowsTheProxyAndTheWorkers) {
  EXPECT_EQ(std::string(host().proxy.data, host().proxy.size), "orders");
  EXPECT_EQ(host().worker_count, 2u);
  EXPECT_EQ(host().abi_minor, MYELIN_ABI_MINOR);
}

TEST_F(HostServicesTest, AMetadataKeyHasOneSlotForAllPoliciesOfAProxy) {
  const auto other = Services("loose");
  uint32_t first = 99, second = 99, again = 99;
  EXPECT_EQ(Want("x-tenant", first), MYELIN_OK);
  EXPECT_EQ(Want("x-user-bin", second), MYELIN_OK);
  EXPECT_EQ(other->abi()->want_metadata(other->abi()->context, "x-tenant", 8, &again), MYELIN_OK);
  EXPECT_EQ(again, first);
  EXPECT_NE(second, first);
  EXPECT_EQ(world_.keys.keys().size(), 2u);
}

TEST_F(HostServicesTest, IllegalMetadataKeysAreRefused) {
  uint32_t slot = 7;
  for (const char* key : {"", "X-Tenant", "x tenant", ":path", "x\xc3\xa4"}) {
    EXPECT_EQ(Want(key, slot), MYELIN_ERROR_INVALID) << key;
  }
  EXPECT_EQ(slot, 7u) << "an error leaves the slot alone";
}

TEST_F(HostServicesTest, ThereIsRoomForABoundedNumberOfMetadataKeys) {
  uint32_t slot = 0;
  for (uint32_t i = 0; i < MetadataKeys::kMax; ++i) EXPECT_EQ(Want("k" + std::to_string(i), slot), MYELIN_OK);
  EXPECT_EQ(Want("one-more", slot), MYELIN_ERROR_INVALID);
  EXPECT_EQ(Want("k0", slot), MYELIN_OK);
}

TEST_F(HostServicesTest, MetadataAndMetricsAreForCreateOnly) {
  services_->EndCreate();
  uint32_t slot = 0;
  uint64_t* cell = nullptr;
  EXPECT_EQ(Want("x-tenant", slot), MYELIN_ERROR_UNSUPPORTED);
  EXPECT_EQ(Metric("hits", &cell), MYELIN_ERROR_UNSUPPORTED);
  EXPECT_EQ(cell, nullptr);
}

TEST_F(HostServicesTest, AMetricOfTheSameNameIsTheSameCellAndOutlivesThePolicy) {
  uint64_t* cell = nullptr;
  ASSERT_EQ(Metric("hits", &cell), MYELIN_OK);
  services_ = Services("strict");
  myelin_count(cell, 3);
  uint64_t* again = nullptr;
  ASSERT_EQ(Metric("hits", &again), MYELIN_OK);
  EXPECT_EQ(again, cell);
  const auto metrics = world_.metrics.Read();
  ASSERT_EQ(metrics.size(), 1u);
  EXPECT_EQ(metrics[0].value, 3u);
  EXPECT_EQ(metrics[0].proxy, "orders");
  EXPECT_EQ(metrics[0].policy, "strict");
}

TEST_F(HostServicesTest, MetricNamesThatPrometheusRefusesAreRefused) {
  uint64_t* cell = nullptr;
  for (const char* name : {"", "Hits", "a-b", "a b"}) EXPECT_EQ(Metric(name, &cell), MYELIN_ERROR_INVALID) << name;
  EXPECT_EQ(Metric(nullptr, &cell), MYELIN_ERROR_INVALID);
  EXPECT_EQ(Metric("hits", nullptr), MYELIN_ERROR_INVALID);
}

TEST_F(HostServicesTest, LogLinesCarryProxyAndPolicyAndAreCutToSize) {
  const std::string line = "hello " + std::string(10'000, 'x');
  host().log(host().context, MYELIN_LOG_WARNING, line.data(), line.size());
  host().log(host().context, MYELIN_LOG_INFO, nullptr, 5);
  EXPECT_THAT(world_.log.Text(), HasSubstr("[orders/strict] hello xxx"));
  EXPECT_THAT(world_.log.Text(), HasSubstr("WARN"));
  EXPECT_LT(world_.log.Text().size(), 6000u);
}

TEST_F(HostServicesTest, APolicyThatLogsForEveryCallCannotFillTheDisk) {
  for (int i = 0; i < 10'000; ++i) host().log(host().context, MYELIN_LOG_INFO, "noise", 5);
  EXPECT_LT(world_.log.Text().size(), 20'000u);
}

TEST_F(HostServicesTest, TimersFireOnTheControlThreadUntilStopped) {
  world_.control.Run([this] { services_ = Services("strict"); });
  struct Seen {
    std::promise<std::thread::id> fired;
    std::atomic<int> count{0};
  } seen;
  uint64_t timer = 0;
  const auto fire = [](void* argument) {
    auto* self = static_cast<Seen*>(argument);
    if (++self->count == 2) self->fired.set_value(std::this_thread::get_id());
  };
  int32_t code = 0;
  world_.control.Run([&] { code = host().start_timer(host().context, 1'000'000, fire, &seen, &timer); });
  ASSERT_EQ(code, MYELIN_OK);
  const std::thread::id where = seen.fired.get_future().get();
  std::thread::id control;
  int count = 0;
  world_.control.Run([&] {
    control = std::this_thread::get_id();
    host().stop_timer(host().context, timer);
    count = seen.count;
  });
  EXPECT_EQ(where, control);
  world_.Settle();
  EXPECT_EQ(seen.count, count);
}

TEST_F(HostServicesTest, TimersDieWithTheInstance) {
  std::atomic<int> count{0};
  uint64_t timer = 0;
  const auto fire = [](void* argument) { ++*static_cast<std::atomic<int>*>(argument); };
  ASSERT_EQ(host().start_timer(host().context, 1'000'000, fire, &count, &timer), MYELIN_OK);
  int at_end = 0;
  world_.control.Run([&] {
    services_.reset();
    at_end = count;
  });
  std::promise<void> later;  // other timers go on for longer than the dead one's interval
  int ticks = 0;
  const uint64_t other = world_.control.Every(std::chrono::milliseconds(2), [&] {
    if (++ticks == 3) later.set_value();
  });
  later.get_future().wait();
  world_.control.Cancel(other);
  EXPECT_EQ(count, at_end);
}

TEST_F(HostServicesTest, TimersThatAskTooMuchAreRefused) {
  uint64_t timer = 0;
  const auto fire = [](void*) {};
  EXPECT_EQ(host().start_timer(host().context, 999'999, fire, nullptr, &timer), MYELIN_ERROR_INVALID);
  EXPECT_EQ(host().start_timer(host().context, UINT64_MAX, fire, nullptr, &timer), MYELIN_ERROR_INVALID);
  EXPECT_EQ(host().start_timer(host().context, 1'000'000, nullptr, nullptr, &timer), MYELIN_ERROR_INVALID);
  EXPECT_EQ(host().start_timer(host().context, 1'000'000, fire, nullptr, nullptr), MYELIN_ERROR_INVALID);
  constexpr uint64_t kHour = 3'600'000'000'000;
  for (int i = 0; i < 64; ++i) EXPECT_EQ(host().start_timer(host().context, kHour, fire, nullptr, &timer), MYELIN_OK);
  EXPECT_EQ(host().start_timer(host().context, kHour, fire, nullptr, &timer), MYELIN_ERROR_NO_SPACE);
}

TEST_F(HostServicesTest, WhatIsForTheControlThreadIsRefusedElsewhereAndAStrike) {
  uint32_t slot = 7;
  uint64_t timer = 7, *cell = nullptr;
  int32_t key = 0, metric = 0, timed = 0;
  world_.control.Run([&] {
    key = Want("x-tenant", slot);
    metric = Metric("hits", &cell);
    timed = host().start_timer(
        host().context, 1'000'000, [](void*) {}, nullptr, &timer);
    host().stop_timer(host().context, timer);
  });
  EXPECT_EQ(std::tuple(key, metric, timed),
            std::tuple(MYELIN_ERROR_UNSUPPORTED, MYELIN_ERROR_UNSUPPORTED, MYELIN_ERROR_UNSUPPORTED));
  EXPECT_EQ(guards_.back()->strikes(), 4u);
  EXPECT_TRUE(world_.keys.keys().empty());
  EXPECT_THAT(world_.log.Text(), HasSubstr("want_metadata was called on another thread than the control thread"));
}

TEST_F(HostServicesTest, ATimerThatThrowsIsAStrikeAndFiresOn) {
  std::promise<void> twice;
  struct Seen {
    std::promise<void>* twice;
    int count = 0;
  } seen{&twice};
  uint64_t timer = 0;
  const auto fire = [](void* argument) {
    auto* self = static_cast<Seen*>(argument);
    if (++self->count == 2) self->twice->set_value();
    throw std::runtime_error("thrown by a timer");
  };
  ASSERT_EQ(host().start_timer(host().context, 1'000'000, fire, &seen, &timer), MYELIN_OK);
  twice.get_future().wait();
  world_.Settle();
  host().stop_timer(host().context, timer);
  EXPECT_GE(guards_.back()->strikes(), 2u);
}

}  // namespace
}  // namespace myelin::test
