// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/byte_account.h"

#include <gtest/gtest.h>

namespace myelin::frame {
namespace {

constexpr uint64_t kMiB = 1 << 20;

HostLimits Limits() {
  HostLimits limits;
  limits.connection_buffer = 2 * kMiB;
  limits.worker_buffer = 16 * kMiB;
  return limits;
}

TEST(ByteAccount, IsFullAtTheBoundUntilAnEighthIsFree) {
  ByteAccount account(Limits());
  account.Add(16 * kMiB - 1);
  EXPECT_FALSE(account.full());
  account.Add(1);
  EXPECT_TRUE(account.full());
  EXPECT_FALSE(account.Remove(kMiB));
  EXPECT_TRUE(account.full());
  EXPECT_TRUE(account.Remove(kMiB));
  EXPECT_FALSE(account.full());
  EXPECT_FALSE(account.Remove(kMiB)) << "it was not full any more";
}

TEST(ByteAccount, AShareIsAQuarterOfWhatIsFreeWithinTheConnectionsBound) {
  ByteAccount account(Limits());
  EXPECT_EQ(account.Share(), 2 * kMiB);
  account.Add(12 * kMiB);
  EXPECT_EQ(account.Share(), kMiB);
  account.Add(20 * kMiB);
  EXPECT_EQ(account.Share(), ByteAccount::kLeast) << "never nothing";
}

TEST(ByteAccount, PromisesLeaveRoomForOthers) {
  ByteAccount account(Limits());
  EXPECT_TRUE(account.Promise(0, 2 * kMiB));
  EXPECT_FALSE(account.Promise(2 * kMiB, 1)) << "the connection has its share";
  uint64_t connections = 1;
  while (account.Promise(0, kMiB)) ++connections;
  EXPECT_GE(connections, 10u);
  EXPECT_TRUE(account.Promise(0, kMiB / 2)) << "one more always gets something";
  account.Withdraw(2 * kMiB);
  EXPECT_TRUE(account.Promise(0, kMiB / 2));
}

}  // namespace
}  // namespace myelin::frame
