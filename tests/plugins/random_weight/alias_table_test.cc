// SPDX-License-Identifier: Apache-2.0
//
// The shares of random_weight, by chi-square tests over a million picks at a fixed seed.
#include "random_weight/alias_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "plugins/support/fake_snapshot.h"

namespace myelin {
namespace {

constexpr uint64_t kPicks = 1'000'000;

AliasTable TableOf(const std::vector<uint32_t>& weights) {
  test::FakeSnapshot snapshot(weights);
  return AliasTable(CandidatesOf(sdk::SnapshotView(snapshot.get())));
}

std::vector<uint64_t> Count(const AliasTable& table, size_t endpoints, uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> counts(endpoints);
  for (uint64_t i = 0; i < kPicks; ++i) ++counts.at(table.Pick(random()));
  return counts;
}

// Pearson's statistic of `counts` against shares in proportion to the weights; those of weight 0 are left out.
double ChiSquare(const std::vector<uint64_t>& counts, const std::vector<uint32_t>& weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  double statistic = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double expected = kPicks * weights[i] / sum;
    if (expected > 0) statistic += std::pow(static_cast<double>(counts[i]) - expected, 2) / expected;
  }
  return statistic;
}

// The statistic that a fair table exceeds once in 1,000 seeds (Wilson and Hilferty's approximation).
double Critical(size_t categories) {
  const double freedom = static_cast<double>(categories - 1);
  return freedom * std::pow(1 - 2 / (9 * freedom) + 3.09 * std::sqrt(2 / (9 * freedom)), 3);
}

class AliasTableShares : public testing::TestWithParam<std::vector<uint32_t>> {};

TEST_P(AliasTableShares, FollowTheWeights) {
  const std::vector<uint32_t>& weights = GetParam();
  EXPECT_LT(ChiSquare(Count(TableOf(weights), weights.size()), weights), Critical(weights.size()));
}

std::vector<uint32_t> Thousand() {
  std::vector<uint32_t> weights(1000);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<uint32_t>(1 + i % 17);
  return weights;
}

INSTANTIATE_TEST_SUITE_P(WeightSets, AliasTableShares,
                         testing::Values(std::vector<uint32_t>{10, 5, 1}, std::vector<uint32_t>{1, 1},
                                         std::vector<uint32_t>{7, 7, 7, 7, 7},
                                         std::vector<uint32_t>{1, 2, 3, 4, 5, 6, 7},
                                         std::vector<uint32_t>{1000, 1, 1, 1, 1}, Thousand()));

TEST(AliasTable, TheStatisticTellsWeightsThatAreOffByAFewPercent) {
  EXPECT_GT(ChiSquare(Count(TableOf({100, 50, 10}), 3), {103, 50, 10}), Critical(3));
}

TEST(AliasTable, WeightZeroGetsNothingWhileAnotherHasWeight) {
  const auto counts = Count(TableOf({3, 0, 1, 0}), 4);
  EXPECT_EQ(counts[1], 0u);
  EXPECT_EQ(counts[3], 0u);
  EXPECT_LT(ChiSquare(counts, {3, 0, 1, 0}), Critical(2));
}

TEST(AliasTable, AllWeightsZeroIsUniform) {
  EXPECT_LT(ChiSquare(Count(TableOf({0, 0, 0}), 3), {1, 1, 1}), Critical(3));
}

TEST(AliasTable, OneEndpointGetsEverything) {
  EXPECT_EQ(Count(TableOf({5}), 1)[0], kPicks);
  EXPECT_EQ(Count(TableOf({0}), 1)[0], kPicks);
}

TEST(AliasTable, OneInAMillionIsStillPicked) {
  // Poisson with mean 1 for one table; over 20 seeds the sum has mean 20 and standard deviation 4.5.
  uint64_t rare = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) rare += Count(TableOf({1, 1'000'000}), 2, seed)[0];
  EXPECT_GT(rare, 5u);
  EXPECT_LT(rare, 38u);
}

TEST(AliasTable, TheLargestWeightsDoNotOverflow) {
  const std::vector<uint32_t> weights(1000, UINT32_MAX);
  EXPECT_LT(ChiSquare(Count(TableOf(weights), weights.size()), weights), Critical(weights.size()));
}

TEST(AliasTable, AnUpdateKeepsTheSharesOfTheRest) {
  const auto after = Count(TableOf({10, 5, 1, 16}), 4);
  // Among themselves the first three have the shares that they had before the fourth came.
  const double scale = static_cast<double>(kPicks) / static_cast<double>(after[0] + after[1] + after[2]);
  std::vector<uint64_t> rest;
  for (size_t i = 0; i < 3; ++i) rest.push_back(static_cast<uint64_t>(static_cast<double>(after[i]) * scale));
  EXPECT_LT(ChiSquare(rest, {10, 5, 1}) / scale, Critical(3));
}

TEST(AliasTable, OnlyTheLowestPriorityNumberIsUsed) {
  test::FakeSnapshot snapshot;
  snapshot.Add(100, 2);
  snapshot.Add(1, 1);
  snapshot.Add(3, 1);
  const auto counts = Count(AliasTable(CandidatesOf(sdk::SnapshotView(snapshot.get()))), 3);
  EXPECT_EQ(counts[0], 0u);
  EXPECT_LT(ChiSquare(counts, {0, 1, 3}), Critical(2));
}

TEST(AliasTable, APriorityWithoutWeightGivesWayToTheNext) {
  test::FakeSnapshot snapshot;
  snapshot.Add(0, 0);
  snapshot.Add(1, 1);
  EXPECT_EQ(Count(AliasTable(CandidatesOf(sdk::SnapshotView(snapshot.get()))), 2)[1], kPicks);
}

}  // namespace
}  // namespace myelin
