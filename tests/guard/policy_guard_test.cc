// SPDX-License-Identifier: Apache-2.0
//
// Strikes and quarantine of one policy, and what its sites tell of its hooks.
#include "guard/policy_guard.h"

#include <gmock/gmock.h>

#include <stdexcept>
#include <thread>

#include "base/log.h"

namespace myelin::test {
namespace {

LogOptions Silent() {
  LogOptions options;
  options.level = LogLevel::kOff;
  return options;
}

class PolicyGuardTest : public ::testing::Test {
 protected:
  Logger log_{Silent()};
  const PolicyIdentity identity_{"orders", "balancer", "min_conn", "/p/a.so", "1.2", "0123456789abcdef", 4};
};

TEST_F(PolicyGuardTest, QuarantinesAtTheGivenNumberOfStrikes) {
  PolicyGuard guard(identity_, {.strikes = 3}, log_);
  guard.Strike("one");
  guard.Strike("two");
  EXPECT_FALSE(guard.quarantined());
  guard.Strike("three");
  EXPECT_TRUE(guard.quarantined());
  EXPECT_EQ(guard.Stats().quarantine_reason, "3 invalid answers within 1m, the last: three");
}

TEST_F(PolicyGuardTest, StrikesFurtherApartThanTheWindowDoNotAddUp) {
  PolicyGuard guard(identity_, {.strikes = 2, .window = std::chrono::milliseconds(1)}, log_);
  for (int i = 0; i < 5; ++i) {
    guard.Strike("again");
    const uint64_t until = MonotonicNow() + 2'000'000;
    while (MonotonicNow() < until) {
    }
  }
  EXPECT_FALSE(guard.quarantined());
  EXPECT_EQ(guard.strikes(), 5u);
}

TEST_F(PolicyGuardTest, NeverQuarantinesWhenThatIsSwitchedOff) {
  PolicyGuard guard(identity_, {.strikes = 1, .quarantine = false}, log_);
  for (int i = 0; i < 100; ++i) guard.Strike("again");
  EXPECT_FALSE(guard.quarantined());
}

TEST_F(PolicyGuardTest, IsQuarantinedOnceAndKeepsTheFirstReason) {
  PolicyGuard guard(identity_, {}, log_);
  EXPECT_TRUE(guard.Quarantine("first"));
  EXPECT_FALSE(guard.Quarantine("second"));
  EXPECT_EQ(guard.Stats().quarantine_reason, "first");
}

TEST_F(PolicyGuardTest, AHookThatThrowsAnswersWhatItIsGivenForThat) {
  PolicyGuard guard(identity_, {}, log_);
  HookSite& site = guard.AddSite(Hook::kPick);
  EXPECT_EQ(EnterHook(site, 99u, []() -> uint32_t { throw std::runtime_error("no"); }), 99u);
  EXPECT_EQ(current_hook.load(), nullptr);
  EXPECT_EQ(EnterHook(site, 99u, [] { return 1u; }), 1u);
}

TEST_F(PolicyGuardTest, WhileInAHookTheThreadSaysWhichOne) {
  PolicyGuard guard(identity_, {}, log_);
  HookSite& site = guard.AddSite(Hook::kPick);
  HookSite* seen = nullptr;
  EnterHook(site, 0, [&] {
    seen = current_hook.load();
    return 0;
  });
  EXPECT_EQ(seen, &site);
  EXPECT_EQ(current_hook.load(), nullptr);
}

TEST_F(PolicyGuardTest, OneCallOf256IsTimedAndAllAreCountedOverAllWorkers) {
  PolicyGuard guard(identity_, {}, log_);
  const auto work = [&](HookSite& site) {
    for (int i = 0; i < 1024; ++i) EnterHook(site, 0, [] { return 1; });
  };
  HookSite& one = guard.AddSite(Hook::kPick);
  HookSite& two = guard.AddSite(Hook::kPick);
  std::thread first([&] { work(one); });
  std::thread second([&] { work(two); });
  first.join();
  second.join();
  const PolicyStats stats = guard.Stats();
  ASSERT_EQ(stats.hooks.size(), 1u);
  EXPECT_EQ(stats.hooks[0].hook, "pick");
  EXPECT_EQ(stats.hooks[0].calls, 2048u);
  uint64_t timed = 0;
  for (uint64_t count : stats.hooks[0].times) timed += count;
  EXPECT_EQ(timed, 8u);
}

TEST_F(PolicyGuardTest, TimesFallIntoTheirPowerOfTwo) {
  PolicyGuard guard(identity_, {}, log_);
  HookSite& site = guard.AddSite(Hook::kUpdate);
  site.CountPassedOver();
  for (uint64_t ns : {1u, 2u, 3u, 1000u, 1023u, 1024u}) site.Note(ns);
  const HookStats stats = guard.Stats().hooks.at(0);
  EXPECT_EQ(stats.times[1], 1u);
  EXPECT_EQ(stats.times[2], 2u);
  EXPECT_EQ(stats.times[10], 2u);
  EXPECT_EQ(stats.times[11], 1u);
  EXPECT_DOUBLE_EQ(stats.max_seconds, 1024e-9);
  EXPECT_NEAR(stats.sum_seconds, 3053e-9, 1e-12);
}

TEST_F(PolicyGuardTest, TellsWhichPluginItIs) {
  const PolicyGuard guard(identity_, {}, log_);
  EXPECT_EQ(guard.description(), "balancer 'min_conn' 1.2 (/p/a.so, 01234567)");
  EXPECT_EQ(guard.component(), "orders/min_conn");
  const PolicyStats stats = guard.Stats();
  EXPECT_EQ(stats.generation, 4u);
  EXPECT_EQ(stats.hash, "0123456789abcdef");
}

}  // namespace
}  // namespace myelin::test
