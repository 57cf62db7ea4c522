// SPDX-License-Identifier: Apache-2.0
//
// What a swap carries over: debts in tokens, whatever the clock, the rate and the room of the next generation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "plugins/support/fake_call.h"
#include "token_bucket/token_bucket.h"

namespace myelin::token_bucket {
namespace {

using test::FakeCall;

Settings Make(const char* key, double rate, uint64_t burst) {
  Settings settings;
  settings.rate = rate;
  settings.burst = burst;
  settings.key = ParseKey(key);
  settings.max_keys = 64;
  return settings;
}

int Passed(const TokenBucket& bucket, const FakeCall& call, int tries) {
  int passed = 0;
  for (int i = 0; i < tries; ++i) passed += bucket.Admit(sdk::CallView(&call.call)).verdict == MYELIN_ADMIT ? 1 : 0;
  return passed;
}

TEST(SavedState, DebtOfEachKeySurvivesAnotherSeedAndClock) {
  const TokenBucket old(Make("metadata:x-tenant", 1, 10), {1, 2}, 0);
  FakeCall call;
  Passed(old, call.SetMetadata(0, {"a"}), 7);
  Passed(old, call.SetMetadata(0, {"b"}), 2);
  const std::string bytes = old.Save(call.call.now_ns);

  TokenBucket next(Make("metadata:x-tenant", 1, 10), {3, 4}, 0);
  call.call.now_ns = 5'000'000'000;
  next.Load(call.call.now_ns, bytes);
  EXPECT_EQ(Passed(next, call.SetMetadata(0, {"a"}), 20), 3);
  EXPECT_EQ(Passed(next, call.SetMetadata(0, {"b"}), 20), 8);
  EXPECT_EQ(Passed(next, call.SetMetadata(0, {"c"}), 20), 10);
}

TEST(SavedState, SingleBucketIsCarriedOver) {
  const TokenBucket old(Make("proxy", 1, 10), {1, 2}, 0);
  const FakeCall call;
  Passed(old, call, 7);
  TokenBucket next(Make("proxy", 1, 10), {3, 4}, 0);
  next.Load(call.call.now_ns, old.Save(call.call.now_ns));
  EXPECT_EQ(Passed(next, call, 20), 3);
}

TEST(SavedState, TokensSpentStaySpentUnderAnotherRateAndBurst) {
  const TokenBucket old(Make("proxy", 1, 10), {1, 2}, 0);
  const FakeCall call;
  Passed(old, call, 7);
  TokenBucket larger(Make("proxy", 1000, 30), {3, 4}, 0);
  larger.Load(call.call.now_ns, old.Save(call.call.now_ns));
  EXPECT_EQ(Passed(larger, call, 50), 23);
  TokenBucket smaller(Make("proxy", 1, 2), {3, 4}, 0);
  smaller.Load(call.call.now_ns, old.Save(call.call.now_ns));
  FakeCall later;
  EXPECT_EQ(Passed(smaller, later, 10), 0);
  later.call.now_ns += 2'000'000'000;
  EXPECT_EQ(Passed(smaller, later, 10), 2);
}

TEST(SavedState, SizeDoesNotDependOnTraffic) {
  const TokenBucket bucket(Make("method", 1, 10), {1, 2}, 0);
  const FakeCall call;
  const std::string before = bucket.Save(call.call.now_ns);
  Passed(bucket, call, 5);
  EXPECT_EQ(bucket.Save(call.call.now_ns).size(), before.size());
  EXPECT_LE(before.size(), 64u * 16 + 64);
}

TEST(SavedState, BytesOfAnotherKeyAreRefused) {
  const TokenBucket old(Make("peer", 1, 10), {1, 2}, 0);
  TokenBucket next(Make("method", 1, 10), {1, 2}, 0);
  EXPECT_THAT([&] { next.Load(0, old.Save(0)); },
              testing::ThrowsMessage<std::invalid_argument>("the saved buckets count by another key than method"));
}

TEST(SavedState, BytesThatAreNotWholeAreRefused) {
  const TokenBucket old(Make("proxy", 1, 10), {1, 2}, 0);
  const FakeCall call;
  Passed(old, call, 3);
  const std::string bytes = old.Save(call.call.now_ns);
  TokenBucket next(Make("proxy", 1, 10), {1, 2}, 0);
  for (const size_t size : {size_t{0}, size_t{8}, bytes.size() - 1}) {
    EXPECT_THROW(next.Load(0, std::string_view(bytes).substr(0, size)), std::invalid_argument) << size;
  }
  std::string other = bytes;
  other[0] = 'X';
  EXPECT_THROW(next.Load(0, other), std::invalid_argument);
}

}  // namespace
}  // namespace myelin::token_bucket
