// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/allowance.h"

#include <gtest/gtest.h>

namespace myelin::frame {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

TEST(Allowance, IsABurstAndThenSoMuchASecond) {
  Allowance allowance(3, 2);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(allowance.Take(kSecond));
  EXPECT_FALSE(allowance.Take(kSecond));
  EXPECT_TRUE(allowance.Take(2 * kSecond));
  EXPECT_TRUE(allowance.Take(2 * kSecond));
  EXPECT_FALSE(allowance.Take(2 * kSecond));
}

TEST(Allowance, WhatIsEarnedIsAllowedUpToTheBurst) {
  Allowance allowance(2, 1);
  for (int i = 0; i < 10; ++i) allowance.Earn();
  EXPECT_TRUE(allowance.Take(kSecond));
  EXPECT_TRUE(allowance.Take(kSecond));
  EXPECT_FALSE(allowance.Take(kSecond));
  for (int i = 0; i < 1000; ++i) {
    allowance.Earn();
    EXPECT_TRUE(allowance.Take(kSecond));
  }
}

}  // namespace
}  // namespace myelin::frame
