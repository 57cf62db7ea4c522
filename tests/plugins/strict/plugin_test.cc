// SPDX-License-Identifier: Apache-2.0
//
// strict as the host meets it: dlopen, entry, options, and the C table.
#include <gtest/gtest.h>

#include "plugins/support/pool_host.h"
#include "plugins/support/pool_instance.h"

namespace myelin::test {
namespace {

using Host = PoolHost<PoolInstance>;

TEST(StrictPlugin, ItsEntryDescribesIt) { CheckEntry(OpenPlugin("strict"), "strict", MYELIN_POOL_1); }

TEST(StrictPlugin, DefaultsAreFourConnectionsOfAHundredStreamsForEver) {
  const PoolInstance pool("strict");
  EXPECT_EQ(pool.MaxWorkers(), 4u);
  Host host(pool);
  host.Connect();
  host.Start(400);
  EXPECT_EQ(host.Start(), kQueued);
  host.Pass(3'600);
  EXPECT_EQ(host.opened(), 4u);
}

TEST(StrictPlugin, SizeAndStreamsTakeEffect) {
  const PoolInstance pool("strict", {{"size", "2"}, {"streams", "1"}});
  EXPECT_EQ(pool.MaxWorkers(), 2u);
  Host host(pool);
  host.Connect();
  EXPECT_NE(host.Start(), host.Start());
  EXPECT_EQ(host.Start(), kQueued);
}

TEST(StrictPlugin, IdleTakesEffect) {
  const PoolInstance pool("strict", {{"idle", "5s"}});
  Host host(pool);
  host.Connect();
  host.End(host.Start());
  host.Pass(6);
  EXPECT_EQ(host.live(), 0u);
}

TEST(StrictPlugin, MaxLifeTakesEffect) {
  const PoolInstance pool("strict", {{"max_life", "1m"}});
  Host host(pool);
  host.Connect();
  host.Pass(67);
  EXPECT_EQ(host.opened(), 8u);
  EXPECT_EQ(host.live(), 4u);
}

}  // namespace
}  // namespace myelin::test
