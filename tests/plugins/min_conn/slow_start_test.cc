// SPDX-License-Identifier: Apache-2.0
//
// No herd when an endpoint joins: simulations of ten endpoints with a hundred calls each, and one that comes with none.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include "min_conn/least_loaded.h"
#include "plugins/support/fake_snapshot.h"

namespace myelin {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kJoined = 1'000 * kSecond;
constexpr size_t kJoiner = 10;

class Joining : public testing::Test {
 protected:
  Joining() {
    for (size_t i = 0; i < kJoiner; ++i) snapshot_.Add(1, 0, 0, 100);
    snapshot_.Add(1, 0, kJoined, 0);
  }

  // The joiner's picks out of `picks` at one moment, each of which stays in flight.
  uint32_t Picks(uint32_t picks, uint64_t age_ns, const LeastLoadedSettings& settings = {}) {
    const LeastLoaded group(sdk::SnapshotView(snapshot_.get()), settings);
    uint32_t joined = 0;
    for (uint32_t i = 0; i < picks; ++i) {
      const uint32_t index = group.Pick(kJoined + age_ns, random_());
      ++snapshot_.cell(index).in_flight;
      joined += index == kJoiner ? 1u : 0u;
    }
    return joined;
  }

  test::FakeSnapshot snapshot_;
  std::mt19937_64 random_{1};
};

TEST_F(Joining, WithoutSlowStartTheJoinerTakesEverything) {
  LeastLoadedSettings settings;
  settings.slow_start_ns = 0;
  EXPECT_EQ(Picks(100, 0, settings), 100u);
}

TEST_F(Joining, AtFirstItTakesATenthOfItsFairShare) {
  EXPECT_NEAR(Picks(11'000, 0), 100, 40);  // fair would be 1,000
}

TEST_F(Joining, NoShortRunOfPicksIsAHerd) {
  for (int run = 0; run < 100; ++run) EXPECT_LE(Picks(20, 0), 4u);
}

TEST_F(Joining, HalfWayItTakesHalfOfItsFairShare) { EXPECT_NEAR(Picks(11'000, 5 * kSecond), 550, 100); }

TEST_F(Joining, AtTheEndItTakesNoMoreThanItsFairShare) { EXPECT_NEAR(Picks(1'100, 10 * kSecond - 1), 100, 35); }

TEST_F(Joining, WhatItStillLagsIsCaughtUpGradually) {
  EXPECT_LE(Picks(100, 11 * kSecond), 35u);
  EXPECT_EQ(Picks(50, 20 * kSecond), 50u);
}

TEST_F(Joining, TheBoundHoldsWhenItIsSampled) {
  LeastLoadedSettings settings;
  settings.scan_limit = 4;
  EXPECT_NEAR(Picks(11'000, 0, settings), 100, 40);
  EXPECT_NEAR(Picks(11'000, 5 * kSecond, settings), 550, 100);
}

TEST_F(Joining, SeveralThatJoinAreEachHeldBack) {
  for (int i = 0; i < 5; ++i) snapshot_.Add(1, 0, kJoined, 0);
  EXPECT_LE(Picks(1'500, 0), 30u);  // a tenth of 1/15
  EXPECT_GE(snapshot_.cell(12).in_flight, 1u);
}

TEST_F(Joining, AClockThatLagsBehindTheJoinCountsAsAgeZero) {
  const LeastLoaded group(sdk::SnapshotView(snapshot_.get()), {});
  uint32_t joined = 0;
  for (int i = 0; i < 1'000; ++i) joined += group.Pick(kJoined - kSecond, random_()) == kJoiner ? 1u : 0u;
  EXPECT_LE(joined, 30u);
}

TEST(SlowStart, WhenAllHaveJustJoinedTheLeastLoadedIsPicked) {
  test::FakeSnapshot snapshot;
  snapshot.Add(1, 0, kJoined, 3);
  snapshot.Add(1, 0, kJoined, 0);
  const LeastLoaded group(sdk::SnapshotView(snapshot.get()), {});
  std::mt19937_64 random(1);
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(group.Pick(kJoined, random()), 1u);
}

TEST(SlowStart, InARollingRestartTheLatestIsHeldBackForTheEarlier) {
  test::FakeSnapshot snapshot;
  snapshot.Add(1, 0, kJoined - 15 * kSecond, 100);
  snapshot.Add(1, 0, kJoined - 15 * kSecond, 100);
  snapshot.Add(1, 0, kJoined, 0);
  const LeastLoaded group(sdk::SnapshotView(snapshot.get()), {});
  std::mt19937_64 random(1);
  uint32_t latest = 0;
  for (int i = 0; i < 10'000; ++i) latest += group.Pick(kJoined, random()) == 2 ? 1u : 0u;
  EXPECT_NEAR(latest, 500, 90);  // a tenth of a third, over the two thirds that the others are allowed by now
}

TEST(SlowStart, TheShareGrowsWithoutAStep) {
  double last = 0;
  for (uint64_t age = 0; age <= 21 * kSecond; age += kSecond / 100) {
    const double share = SlowStartShare(age, 10 * kSecond, 0.1);
    EXPECT_GE(share, last);
    EXPECT_LE(share - last, 0.0101);
    last = share;
  }
  EXPECT_EQ(last, 1.0);
}

// Calls of a tenth of a second, 10,000 in each, so that an endpoint holds about a hundred: the joiner's calls per
// second.
TEST(SlowStart, UnderSteadyLoadTheJoinerReachesItsShareWithoutOvershooting) {
  test::FakeSnapshot snapshot;
  for (size_t i = 0; i < kJoiner; ++i) snapshot.Add(1, 0, 0, 0);
  snapshot.Add(1, 0, kJoined, 0);
  const LeastLoaded group(sdk::SnapshotView(snapshot.get()), {});
  std::mt19937_64 random(1);
  std::deque<uint32_t> running;
  std::vector<uint32_t> per_second(25);
  for (uint64_t call = 0; call < 250'000; ++call) {
    const uint64_t age_ns = call * (kSecond / 10'000);
    const uint32_t index = group.Pick(kJoined + age_ns, random());
    ++snapshot.cell(index).in_flight;
    running.push_back(index);
    if (index == kJoiner) ++per_second[age_ns / kSecond];
    if (running.size() <= 1'000) continue;
    --snapshot.cell(running.front()).in_flight;
    running.pop_front();
  }
  const double fair = 10'000.0 / 11;
  EXPECT_NEAR(per_second[0], 0.145 * fair, 0.1 * fair);
  EXPECT_NEAR(per_second[24], fair, 0.1 * fair);
  EXPECT_LE(*std::max_element(per_second.begin(), per_second.end()), 1.25 * fair);
}

}  // namespace
}  // namespace myelin
