// SPDX-License-Identifier: Apache-2.0
//
// loose as the host meets it: dlopen, entry, options, and the C table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/support/pool_host.h"
#include "plugins/support/pool_instance.h"

namespace myelin::test {
namespace {

using Host = PoolHost<PoolInstance>;

TEST(LoosePlugin, ItsEntryDescribesIt) { CheckEntry(OpenPlugin("loose"), "loose", MYELIN_POOL_1); }

TEST(LoosePlugin, DefaultsAreTwoToSixtyFourConnectionsThatIdleAMinute) {
  const PoolInstance pool("loose");
  EXPECT_EQ(pool.MaxWorkers(), 64u);
  Host host(pool);
  EXPECT_EQ(host.live(), 2u);
  const auto calls = host.Start(6'400);
  EXPECT_EQ(host.live(), 64u);
  EXPECT_EQ(host.Start(), kQueued);
  host.set_queued(0);
  host.Connect();
  host.End(calls);
  host.Pass(59);
  EXPECT_EQ(host.live(), 64u);
  host.Pass(1);
  EXPECT_EQ(host.live(), 2u);
}

TEST(LoosePlugin, SizesAndStreamsTakeEffect) {
  const PoolInstance pool("loose", {{"size", "1"}, {"max_size", "3"}, {"streams", "1"}});
  EXPECT_EQ(pool.MaxWorkers(), 3u);
  Host host(pool);
  EXPECT_EQ(host.live(), 1u);
  host.Start(3);
  EXPECT_EQ(host.Start(), kQueued);
}

TEST(LoosePlugin, ALargeSizeRaisesTheDefaultOfMaxSize) {
  EXPECT_EQ(PoolInstance("loose", {{"size", "100"}}).MaxWorkers(), 100u);
}

TEST(LoosePlugin, AMaxSizeBelowSizeIsRefusedWithBothNumbers) {
  const PoolInstance pool("loose", {{"size", "8"}, {"max_size", "4"}});
  EXPECT_EQ(pool.policy.code, MYELIN_ERROR_INVALID);
  EXPECT_THAT(pool.policy.message, testing::AllOf(testing::HasSubstr("max_size is 4"), testing::HasSubstr("8")));
}

TEST(LoosePlugin, IdleAndKeepWarmTakeEffect) {
  const PoolInstance pool("loose", {{"idle", "5s"}, {"keep_warm", "false"}});
  Host host(pool);
  host.Connect();
  host.End(host.Start());
  host.Pass(6);
  EXPECT_EQ(host.live(), 0u);
}

TEST(LoosePlugin, MaxLifeTakesEffect) {
  const PoolInstance pool("loose", {{"max_life", "1m"}});
  Host host(pool);
  host.Connect();
  host.Pass(67);
  EXPECT_EQ(host.opened(), 4u);
  EXPECT_EQ(host.live(), 2u);
}

}  // namespace
}  // namespace myelin::test
