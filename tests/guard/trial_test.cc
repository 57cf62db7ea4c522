// SPDX-License-Identifier: Apache-2.0
//
// When a canary is rolled back, and when it is not.
#include "guard/trial.h"

#include <gmock/gmock.h>

#include "base/log.h"

namespace myelin::test {
namespace {

using ::testing::HasSubstr;

LogOptions Silent() {
  LogOptions options;
  options.level = LogLevel::kOff;
  return options;
}

class TrialTest : public ::testing::Test {
 protected:
  static void Count(TrialCounters::Side& side, uint64_t calls, uint64_t failed) {
    side.calls.Add(calls);
    side.failed.Add(failed);
  }

  Logger log_{Silent()};
  PolicyGuard guard_{{"orders", "balancer", "mine", "", "", "", 1}, {}, log_};
  TrialRules rules_{TrialKind::kCanary, 0.05, 3, 2};
};

TEST_F(TrialTest, TakesItsShareOfTheCalls) {
  Trial trial(rules_, guard_, "min_conn");
  uint64_t taken = 0;
  for (uint64_t i = 0; i < 1000; ++i) taken += trial.Takes(i * (UINT64_MAX / 1000)) ? 1u : 0u;
  EXPECT_NEAR(static_cast<double>(taken), 50, 1);
  rules_.share = 1;
  EXPECT_TRUE(Trial(rules_, guard_, "min_conn").Takes(UINT64_MAX));
}

TEST_F(TrialTest, EndsAtTheGivenNumberOfStrikesSinceItBegan) {
  guard_.Strike("before");
  Trial trial(rules_, guard_, "min_conn");
  for (int i = 0; i < 2; ++i) {
    guard_.Strike("again");
    trial.OnStrike();
  }
  EXPECT_TRUE(trial.on());
  guard_.Strike("again");
  trial.OnStrike();
  EXPECT_FALSE(trial.on());
  EXPECT_EQ(trial.Stats().reason, "3 invalid answers");
}

TEST_F(TrialTest, EndsWhenItFailsFarMoreOftenThanTheOthers) {
  Trial trial(rules_, guard_, "min_conn");
  TrialCounters& worker = trial.AddCounters();
  TrialCounters& other = trial.AddCounters();
  Count(worker.beside, 900, 9);
  Count(other.beside, 100, 1);
  Count(other.canary, 50, 10);
  trial.Judge();
  EXPECT_FALSE(trial.on());
  EXPECT_THAT(trial.Stats().reason, HasSubstr("10 of its 50 calls failed (20%), of the other 1000 10 (1%)"));
}

TEST_F(TrialTest, GoesOnWhenItFailsAsOftenAsTheOthers) {
  Trial trial(rules_, guard_, "min_conn");
  TrialCounters& worker = trial.AddCounters();
  for (int second = 0; second < 100; ++second) {
    Count(worker.beside, 1000, 100);
    Count(worker.canary, 50, 5);
    trial.Judge();
  }
  EXPECT_TRUE(trial.on());
}

TEST_F(TrialTest, AFewFailuresEndNothing) {
  Trial trial(rules_, guard_, "min_conn");
  TrialCounters& worker = trial.AddCounters();
  Count(worker.beside, 1000, 0);
  Count(worker.canary, 50, 4);
  trial.Judge();
  EXPECT_TRUE(trial.on());
}

TEST_F(TrialTest, ALongGoodPastHidesNothing) {
  Trial trial(rules_, guard_, "min_conn");
  TrialCounters& worker = trial.AddCounters();
  Count(worker.beside, 20'000'000, 0);
  Count(worker.canary, 1'000'000, 0);
  for (int second = 0; second < 61; ++second) trial.Judge();
  Count(worker.beside, 1000, 0);
  Count(worker.canary, 50, 25);
  trial.Judge();
  EXPECT_FALSE(trial.on());
}

TEST_F(TrialTest, RatesAndStrikesCanBeSwitchedOff) {
  rules_.strikes = 0;
  rules_.error_rate = 0;
  Trial trial(rules_, guard_, "min_conn");
  Count(trial.AddCounters().canary, 50, 50);
  for (int i = 0; i < 5; ++i) {
    guard_.Strike("again");
    trial.OnStrike();
  }
  trial.Judge();
  EXPECT_TRUE(trial.on());
}

TEST_F(TrialTest, IsNotAskedInQuarantine) {
  Trial trial(rules_, guard_, "min_conn");
  guard_.Quarantine("for a test");
  EXPECT_FALSE(trial.on());
}

}  // namespace
}  // namespace myelin::test
