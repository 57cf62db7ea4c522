// SPDX-License-Identifier: Apache-2.0
//
// random_weight as the host meets it: dlopen, entry, and the C table.
#include <gtest/gtest.h>

#include <vector>

#include "plugins/support/balancer_instance.h"

namespace myelin::test {
namespace {

TEST(RandomWeightPlugin, ItsEntryDescribesIt) {
  CheckEntry(OpenPlugin("random_weight"), "random_weight", MYELIN_BALANCER_1);
}

TEST(RandomWeightPlugin, PicksThroughItsTableInProportionToTheWeights) {
  FakeSnapshot snapshot({10, 5, 1});
  BalancerInstance balancer("random_weight", snapshot);
  std::vector<uint32_t> counts(3);
  for (int i = 0; i < 160'000; ++i) ++counts.at(balancer.Pick());
  EXPECT_NEAR(counts[0], 100'000, 1'000);
  EXPECT_NEAR(counts[1], 50'000, 1'000);
  EXPECT_NEAR(counts[2], 10'000, 500);
}

TEST(RandomWeightPlugin, PicksFollowAnUpdate) {
  FakeSnapshot snapshot({1});
  BalancerInstance balancer("random_weight", snapshot);
  snapshot.Add(1);
  balancer.Update();
  std::vector<uint32_t> counts(2);
  for (int i = 0; i < 1'000; ++i) ++counts.at(balancer.Pick());
  EXPECT_GT(counts[0], 400u);
  EXPECT_GT(counts[1], 400u);
}

}  // namespace
}  // namespace myelin::test
