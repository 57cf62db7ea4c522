// SPDX-License-Identifier: Apache-2.0
//
// min_conn as the host meets it: dlopen, entry, options, and the C table.
#include <gtest/gtest.h>

#include <vector>

#include "plugins/support/balancer_instance.h"

namespace myelin::test {
namespace {

constexpr uint64_t kMinute = 60'000'000'000;

TEST(MinConnPlugin, ItsEntryDescribesIt) { CheckEntry(OpenPlugin("min_conn"), "min_conn", MYELIN_BALANCER_1); }

TEST(MinConnPlugin, PicksTheLeastLoadedThroughItsTable) {
  FakeSnapshot snapshot({1, 1, 1});
  snapshot.cell(0).in_flight = 2;
  snapshot.cell(2).in_flight = 1;
  BalancerInstance balancer("min_conn", snapshot);
  EXPECT_EQ(balancer.Pick(), 1u);
  snapshot.cell(1).in_flight = 5;
  EXPECT_EQ(balancer.Pick(), 2u);
}

TEST(MinConnPlugin, SlowStartOptionTakesEffect) {
  FakeSnapshot snapshot;
  snapshot.Add(1, 0, 0, 10);
  snapshot.Add(1, 0, 10 * kMinute, 0);
  BalancerInstance off("min_conn", snapshot, {{"slow_start", "0s"}});
  off.call.call.now_ns = 10 * kMinute;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(off.Pick(), 1u);
}

TEST(MinConnPlugin, DefaultSlowStartHoldsAJoinerBack) {
  FakeSnapshot snapshot;
  snapshot.Add(1, 0, 0, 10);
  snapshot.Add(1, 0, 10 * kMinute, 0);
  BalancerInstance balancer("min_conn", snapshot);
  balancer.call.call.now_ns = 10 * kMinute;
  uint32_t joined = 0;
  for (int i = 0; i < 1'000; ++i) joined += balancer.Pick();
  EXPECT_NEAR(joined, 50, 30);
  balancer.call.call.now_ns = 11 * kMinute;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(balancer.Pick(), 1u);
}

TEST(MinConnPlugin, ScanLimitAndChoicesTakeEffect) {
  FakeSnapshot snapshot(std::vector<uint32_t>(10, 1));
  for (size_t i = 1; i < 10; ++i) snapshot.cell(i).in_flight = 1;
  BalancerInstance balancer("min_conn", snapshot, {{"scan_limit", "9"}, {"choices", "5"}});
  uint32_t least = 0;
  for (int i = 0; i < 10'000; ++i) least += balancer.Pick() == 0 ? 1u : 0u;
  EXPECT_NEAR(least, 5'000, 250);
}

}  // namespace
}  // namespace myelin::test
