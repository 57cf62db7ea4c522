// SPDX-License-Identifier: Apache-2.0
//
// The pick of min_conn for loads that stand still, and its shares where chance decides.
#include "min_conn/least_loaded.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <vector>

#include "plugins/support/fake_snapshot.h"

namespace myelin {
namespace {

constexpr uint64_t kNow = 1'000'000'000'000;

// The picks each endpoint gets out of `picks`, with the loads as they are in the snapshot.
std::vector<uint32_t> Count(test::FakeSnapshot& snapshot, uint32_t picks, const LeastLoadedSettings& settings = {}) {
  const LeastLoaded group(sdk::SnapshotView(snapshot.get()), settings);
  std::mt19937_64 random(1);
  std::vector<uint32_t> counts(snapshot.size());
  for (uint32_t i = 0; i < picks; ++i) ++counts.at(group.Pick(kNow, random()));
  return counts;
}

test::FakeSnapshot& Load(test::FakeSnapshot& snapshot, const std::vector<uint64_t>& in_flight) {
  for (size_t i = 0; i < in_flight.size(); ++i) snapshot.cell(i).in_flight = in_flight[i];
  return snapshot;
}

TEST(LeastLoaded, PicksTheFewestInFlight) {
  test::FakeSnapshot snapshot({1, 1, 1});
  EXPECT_EQ(Count(Load(snapshot, {4, 2, 3}), 100)[1], 100u);
}

TEST(LeastLoaded, SeesLoadsThatChangeAfterItWasBuilt) {
  test::FakeSnapshot snapshot({1, 1});
  const LeastLoaded group(sdk::SnapshotView(snapshot.get()), {});
  Load(snapshot, {1, 0});
  EXPECT_EQ(group.Pick(kNow, 1), 1u);
  Load(snapshot, {1, 2});
  EXPECT_EQ(group.Pick(kNow, 1), 0u);
}

TEST(LeastLoaded, ComparesInFlightPerWeight) {
  test::FakeSnapshot snapshot({10, 1});
  EXPECT_EQ(Count(Load(snapshot, {8, 0}), 100)[0], 100u);   // 9/10 < 1/1
  EXPECT_EQ(Count(Load(snapshot, {10, 0}), 100)[1], 100u);  // 11/10 > 1/1
}

TEST(LeastLoaded, BreaksTiesEvenly) {
  test::FakeSnapshot snapshot({1, 1, 1, 1});
  for (const uint32_t count : Count(Load(snapshot, {3, 3, 9, 3}), 30'000)) {
    EXPECT_TRUE(count == 0 || std::abs(static_cast<int>(count) - 10'000) < 400) << count;
  }
  EXPECT_EQ(Count(snapshot, 1'000)[2], 0u);
}

TEST(LeastLoaded, WorkersThatSeeTheSameStaleLoadsSpread) {
  // Sixteen workers pick before any of their picks shows: with ties by position all would go to one endpoint.
  test::FakeSnapshot snapshot({1, 1, 1, 1, 1, 1, 1, 1});
  for (const uint32_t count : Count(snapshot, 16)) EXPECT_LE(count, 6u);
}

TEST(LeastLoaded, WeightZeroGetsNothingWhileAnotherHasWeight) {
  test::FakeSnapshot snapshot({0, 1});
  EXPECT_EQ(Count(Load(snapshot, {0, 1000}), 100)[0], 0u);
}

TEST(LeastLoaded, AllWeightsZeroCountAsEqual) {
  test::FakeSnapshot snapshot({0, 0});
  EXPECT_EQ(Count(Load(snapshot, {5, 4}), 100)[1], 100u);
}

TEST(LeastLoaded, OnlyTheLowestPriorityNumberIsUsed) {
  test::FakeSnapshot snapshot;
  snapshot.Add(1, 1);
  snapshot.Add(1, 0, 0, 1000);
  EXPECT_EQ(Count(snapshot, 100)[1], 100u);
}

TEST(LeastLoaded, HugeLoadsAndWeightsDoNotOverflow) {
  test::FakeSnapshot snapshot({UINT32_MAX, UINT32_MAX});
  EXPECT_EQ(Count(Load(snapshot, {UINT64_MAX, 7}), 100)[1], 100u);
}

TEST(LeastLoaded, UpToTheScanLimitTheLeastIsAlwaysFound) {
  const size_t limit = LeastLoadedSettings().scan_limit;
  test::FakeSnapshot snapshot(std::vector<uint32_t>(limit, 1));
  for (size_t i = 0; i < limit; ++i) snapshot.cell(i).in_flight = i == limit / 2 ? 0 : 1;
  EXPECT_EQ(Count(snapshot, 1'000)[limit / 2], 1'000u);
}

TEST(LeastLoaded, BeyondTheScanLimitItSamples) {
  test::FakeSnapshot snapshot(std::vector<uint32_t>(33, 1));
  for (size_t i = 0; i < 33; ++i) snapshot.cell(i).in_flight = i;
  const auto counts = Count(snapshot, 33'000);
  EXPECT_NEAR(counts[0], 2'000, 250);  // wins whenever it is drawn: 2 of 33
  EXPECT_EQ(counts[32], 0u);           // never less loaded than the other
  EXPECT_NEAR(counts[16], 1'000, 200);
}

TEST(LeastLoaded, MoreChoicesFindTheLeastMoreOften) {
  test::FakeSnapshot snapshot(std::vector<uint32_t>(40, 1));
  for (size_t i = 1; i < 40; ++i) snapshot.cell(i).in_flight = 1;
  LeastLoadedSettings settings;
  settings.choices = 16;
  EXPECT_NEAR(Count(snapshot, 40'000, settings)[0], 16'000, 500);
}

TEST(LeastLoaded, SamplesAreComparedByWeight) {
  // Two of three are always drawn; by load per weight the order is 2, 0, 1.
  test::FakeSnapshot snapshot({1, 1, 100});
  LeastLoadedSettings settings;
  settings.scan_limit = 0;
  const auto counts = Count(Load(snapshot, {1, 2, 50}), 30'000, settings);
  EXPECT_NEAR(counts[2], 20'000, 500);
  EXPECT_NEAR(counts[0], 10'000, 500);
  EXPECT_EQ(counts[1], 0u);
}

TEST(LeastLoaded, ASetNoLargerThanTheChoicesIsScanned) {
  test::FakeSnapshot snapshot({1, 1});
  LeastLoadedSettings settings;
  settings.scan_limit = 0;
  EXPECT_EQ(Count(Load(snapshot, {1, 0}), 1'000, settings)[1], 1'000u);
}

TEST(LeastLoaded, TwoChoicesKeepTheLargestLoadLow) {
  // Mitzenmacher's claim: 1,000 balls into 1,000 bins leave the fullest with about log log n, not log n / log log n.
  test::FakeSnapshot snapshot(std::vector<uint32_t>(1000, 1));
  const LeastLoaded group(sdk::SnapshotView(snapshot.get()), {});
  std::mt19937_64 random(1);
  uint64_t fullest = 0;
  for (int i = 0; i < 1'000; ++i) fullest = std::max(fullest, ++snapshot.cell(group.Pick(kNow, random())).in_flight);
  EXPECT_LE(fullest, 4u);
}

}  // namespace
}  // namespace myelin
