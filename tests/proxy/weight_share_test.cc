// SPDX-License-Identifier: Apache-2.0
#include "proxy/weight_share.h"

#include <gmock/gmock.h>

namespace myelin::test {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;

TEST(WeightShareTest, AddressesAloneKeepTheirWeights) {
  EXPECT_THAT(ShareWeights({{10, 1}, {5, 1}, {0, 1}}), ElementsAre(10, 5, 0));
}

TEST(WeightShareTest, ANamesAddressesHaveItsWeightTogether) {
  EXPECT_THAT(ShareWeights({{10, 2}, {5, 1}}), ElementsAre(5, 5));
}

TEST(WeightShareTest, AllAreMultipliedByTheLeastThatMakesSharesWhole) {
  EXPECT_THAT(ShareWeights({{1, 3}}), ElementsAre(1));
  EXPECT_THAT(ShareWeights({{1, 3}, {1, 1}}), ElementsAre(1, 3));
  EXPECT_THAT(ShareWeights({{1, 2}, {1, 3}, {4, 1}}), ElementsAre(3, 2, 24));
}

TEST(WeightShareTest, ANameWithoutAddressesDisturbsNobody) {
  EXPECT_THAT(ShareWeights({{3, 0}, {2, 1}}), ElementsAre(3, 2));
}

// 7 · 11 · 13 · 17 · 19 would multiply weights beyond what balancers can add up.
TEST(WeightShareTest, WhatWouldBecomeTooLargeIsRoundedAndNeverToZero) {
  const auto shares = ShareWeights({{1'000'000, 7}, {1'000'000, 11}, {1, 13}, {1, 17}, {1'000'000, 19}});
  EXPECT_THAT(shares, Each(Ge(1u)));
  EXPECT_NEAR(static_cast<double>(shares[0]) * 7, static_cast<double>(shares[4]) * 19, 1e6 / 1000);
}

}  // namespace
}  // namespace myelin::test
