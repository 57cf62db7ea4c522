// SPDX-License-Identifier: Apache-2.0
//
// The watchdog over threads that are slow in a hook, or hang in it until the test lets them go.
#include "guard/watchdog.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "guard/policy_guard.h"

namespace myelin::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class WatchdogTest : public ::testing::Test {
 protected:
  WatchdogTest() : path_((std::filesystem::temp_directory_path() / "myelin_watch_XXXXXX").string()) {
    ::close(::mkstemp(path_.data()));
    LogOptions options;
    options.file.path = path_;
    options.queue_lines = 0;
    log_ = std::make_unique<Logger>(options);
    settings_.soft_limit = 20ms;
    settings_.hard_limit = 0s;
  }
  ~WatchdogTest() override {
    let_go_.set_value();
    if (worker_.joinable()) worker_.join();
    guard_.reset();
    log_.reset();
    std::filesystem::remove(path_);
  }

  std::string Log() {
    std::ifstream in(path_);
    return (std::ostringstream() << in.rdbuf()).str();
  }
  double MaxSeconds() {
    const PolicyStats stats = guard_->Stats();
    return stats.hooks.empty() ? 0 : stats.hooks[0].max_seconds;
  }
  static bool Eventually(const std::function<bool()>& condition) {
    for (int i = 0; i < 20'000 && !condition(); ++i) std::this_thread::sleep_for(1ms);
    return condition();
  }

  /// A worker that is in `hook` until the test ends. Beside it is another, so that not all hang.
  void Hang(Hook hook, std::function<bool()> cut_off = {}) {
    guard_ = std::make_unique<PolicyGuard>(
        PolicyIdentity{"orders", "balancer", "mine", "/p/mine.so", "1.2", "0123456789abcdef", 4}, settings_, *log_);
    GuardThisThread("worker-8", true);
    HookSite& site = guard_->AddSite(hook);
    worker_ = std::thread([this, &site, cut_off] {
      GuardThisThread("worker-7", true, cut_off);
      EnterHook(site, 0, [this] {
        released_.wait();
        return 0;
      });
    });
  }

  std::string path_;
  std::unique_ptr<Logger> log_;
  GuardSettings settings_;
  std::unique_ptr<PolicyGuard> guard_;
  std::promise<void> let_go_;
  std::shared_future<void> released_{let_go_.get_future()};
  std::thread worker_;
};

TEST_F(WatchdogTest, ASlowHookIsToldOfOnceWithItsStack) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer keeps a signal back while its thread waits";
#endif
  Hang(Hook::kPick);
  const Watchdog watchdog(*log_, -1);
  ASSERT_TRUE(Eventually([this] { return guard_->Stats().slow_hooks == 1; }));
  ASSERT_TRUE(Eventually([this] { return Log().find("guard_test") != std::string::npos; }));
  EXPECT_THAT(Log(), ContainsRegex("pick of balancer 'mine' 1.2 \\(/p/mine.so, 01234567\\) has been running for "
                                   "[0-9]+ms on worker-7: .*guard_test"));
  EXPECT_TRUE(Eventually([this] { return MaxSeconds() > 0.1; }));
  EXPECT_EQ(guard_->Stats().slow_hooks, 1u);
  EXPECT_FALSE(guard_->quarantined());
}

TEST_F(WatchdogTest, AHookThatDoesNotReturnCostsItsPolicyThePlaceAndItsWorkerWhatItServes) {
  settings_.hard_limit = 50ms;
  std::atomic<int> cuts{0};
  Hang(Hook::kPick, [&] {
    ++cuts;
    return false;
  });
  const Watchdog watchdog(*log_, -1);
  ASSERT_TRUE(Eventually([&] { return watchdog.stuck_workers() == 1; }));
  EXPECT_TRUE(guard_->quarantined());
  EXPECT_TRUE(guard_->abandoned());
  EXPECT_EQ(cuts, 1);
  EXPECT_THAT(Log(), HasSubstr("on worker-7: its connections are closed, and other workers take new ones"));
  let_go_.set_value();
  EXPECT_TRUE(Eventually([&] { return watchdog.stuck_workers() == 0; }));
  EXPECT_TRUE(guard_->quarantined());
  EXPECT_EQ(cuts, 1);
  worker_.join();
  let_go_ = std::promise<void>();
}

TEST_F(WatchdogTest, AWorkerThatIsReplacedMayBeTheLast) {
  settings_.hard_limit = 50ms;
  Hang(Hook::kPick, [] { return true; });
  GuardThisThread("no worker", false);
  const Watchdog watchdog(*log_, -1);
  ASSERT_TRUE(Eventually([&] { return watchdog.stuck_workers() == 1; }));
  EXPECT_THAT(Log(), HasSubstr("on worker-7: its connections are closed, and another worker takes its place"));
}

TEST_F(WatchdogTest, WithoutQuarantineAHangIsToldOfAndThePolicyStays) {
  settings_.hard_limit = 50ms;
  settings_.quarantine = false;
  Hang(Hook::kPick);
  const Watchdog watchdog(*log_, -1);
  ASSERT_TRUE(Eventually([&] { return watchdog.stuck_workers() == 1; }));
  EXPECT_FALSE(guard_->quarantined());
  EXPECT_THAT(Log(), HasSubstr("on worker-7: its calls wait until it does"));
}

TEST_F(WatchdogTest, WhatIsForTheControlThreadMayTakeLonger) {
  settings_.hard_limit = 50ms;
  Hang(Hook::kUpdate);
  const Watchdog watchdog(*log_, -1);
  ASSERT_TRUE(Eventually([this] { return MaxSeconds() > 0.2; }));
  EXPECT_EQ(guard_->Stats().slow_hooks, 0u);
  EXPECT_FALSE(guard_->quarantined());
}

TEST_F(WatchdogTest, ManyShortHooksAreNotOneLong) {
  settings_.soft_limit = 200ms;
  guard_ = std::make_unique<PolicyGuard>(PolicyIdentity{"orders", "balancer", "mine", "", "", "", 1}, settings_, *log_);
  HookSite& site = guard_->AddSite(Hook::kPick);
  const Watchdog watchdog(*log_, -1);
  std::thread busy([&] {
    GuardThisThread("worker-7", true);
    const uint64_t until = MonotonicNow() + 500'000'000;
    while (MonotonicNow() < until) EnterHook(site, 0, [] { return MonotonicNow() == 0 ? 1 : 0; });
  });
  busy.join();
  EXPECT_EQ(guard_->Stats().slow_hooks, 0u);
}

}  // namespace
}  // namespace myelin::test
