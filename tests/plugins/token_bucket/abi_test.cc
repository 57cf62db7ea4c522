// SPDX-License-Identifier: Apache-2.0
//
// token_bucket through dlopen and its C table, as the host uses it.
#include <gtest/gtest.h>

#include <string>

#include "plugins/support/fake_call.h"
#include "plugins/support/plugin_library.h"

namespace myelin::test {
namespace {

using Limiter = Policy<myelin_limiter>;

uint32_t Admit(const Limiter& limiter, const FakeCall& call, myelin_admit& out) {
  out = {};
  out.struct_size = sizeof(out);
  return limiter.table.admit(limiter.shard(), &call.call, &out);
}

int Passed(const Limiter& limiter, const FakeCall& call, int tries) {
  myelin_admit out;
  int passed = 0;
  for (int i = 0; i < tries; ++i) passed += Admit(limiter, call, out) == MYELIN_ADMIT ? 1 : 0;
  return passed;
}

TEST(TokenBucketAbi, EntryDescribesALimiter) {
  CheckEntry(OpenPlugin("token_bucket"), "token_bucket", MYELIN_LIMITER_1);
}

TEST(TokenBucketAbi, BurstDefaultsToASecondsWorthOfRate) {
  const Limiter limiter("token_bucket", {{"rate", "25"}});
  ASSERT_EQ(limiter.code, MYELIN_OK) << limiter.message;
  EXPECT_EQ(Passed(limiter, FakeCall(), 100), 25);
  const Limiter slow("token_bucket", {{"rate", "0.5"}});
  ASSERT_EQ(slow.code, MYELIN_OK) << slow.message;
  EXPECT_EQ(Passed(slow, FakeCall(), 100), 1);
}

TEST(TokenBucketAbi, RefusalIsResourceExhaustedWithPushback) {
  const Limiter limiter("token_bucket", {{"rate", "10"}, {"burst", "1"}});
  const FakeCall call;
  myelin_admit out;
  ASSERT_EQ(Admit(limiter, call, out), MYELIN_ADMIT);
  ASSERT_EQ(Admit(limiter, call, out), MYELIN_ADMIT_REJECT);
  EXPECT_EQ(out.status, MYELIN_GRPC_RESOURCE_EXHAUSTED);
  EXPECT_EQ(std::string(out.message.data, out.message.size), "rate limit: 10 calls/s with a burst of 1 exceeded");
  EXPECT_EQ(out.pushback_ms, 100);
}

TEST(TokenBucketAbi, DelayIsReadAsADuration) {
  const Limiter limiter("token_bucket", {{"rate", "10"}, {"burst", "1"}, {"delay", "100ms"}});
  const FakeCall call;
  myelin_admit out;
  ASSERT_EQ(Admit(limiter, call, out), MYELIN_ADMIT);
  ASSERT_EQ(Admit(limiter, call, out), MYELIN_ADMIT_DELAY);
  EXPECT_NEAR(static_cast<double>(out.delay_ns), 1e8, 3);
  EXPECT_EQ(Admit(limiter, call, out), MYELIN_ADMIT_REJECT);
}

TEST(TokenBucketAbi, AsksTheHostForTheMetadataItCountsBy) {
  const Limiter limiter("token_bucket", {{"rate", "1"}, {"key", "metadata:X-Tenant"}});
  ASSERT_EQ(limiter.code, MYELIN_OK) << limiter.message;
  EXPECT_EQ(limiter.host.metadata_keys, std::vector<std::string>{"x-tenant"});
}

TEST(TokenBucketAbi, EvictionsAreCounted) {
  const Limiter limiter("token_bucket", {{"rate", "1"}, {"key", "method"}, {"max_keys", "8"}});
  for (int i = 0; i < 20; ++i) Passed(limiter, FakeCall("/a.A/M" + std::to_string(i)), 1);
  EXPECT_EQ(limiter.host.metrics.at("keys_evicted"), 12u);
  EXPECT_EQ(limiter.host.metrics.at("keys_evicted_early"), 12u);
}

TEST(TokenBucketAbi, WrongKeyNamesItsPlaceAndWhatIsAccepted) {
  const Limiter limiter("token_bucket", {{"rate", "1"}, {"key", "tenant"}});
  EXPECT_EQ(limiter.code, MYELIN_ERROR_INVALID);
  EXPECT_EQ(limiter.message,
            "test.yaml:1:1: key: 'tenant' is not a key; proxy, method, peer or metadata:NAME is accepted");
}

TEST(TokenBucketAbi, RateAndBurstThatDoNotGoTogetherAreRefused) {
  const Limiter limiter("token_bucket", {{"rate", "0.000001"}, {"burst", "1000000"}});
  EXPECT_EQ(limiter.code, MYELIN_ERROR_INVALID);
  EXPECT_EQ(limiter.message.find("test.yaml:1:1: rate: a burst of 1000000 at 1e-06 calls/s"), 0u) << limiter.message;
}

TEST(TokenBucketAbi, BucketsGoOverToTheNextGeneration) {
  const Limiter old("token_bucket", {{"rate", "1"}, {"burst", "10"}});
  const FakeCall call;
  Passed(old, call, 7);
  uint64_t size = 0;
  ASSERT_EQ(old.table.save(old.instance(), nullptr, 0, &size), MYELIN_ERROR_NO_SPACE);
  std::string bytes(size, '\0');
  ASSERT_EQ(old.table.save(old.instance(), bytes.data(), bytes.size(), &size), MYELIN_OK);
  const Limiter next("token_bucket", {{"rate", "1"}, {"burst", "10"}});
  ASSERT_EQ(next.table.load(next.instance(), bytes.data(), size, nullptr), MYELIN_OK);
  EXPECT_EQ(Passed(next, call, 20), 3);
}

}  // namespace
}  // namespace myelin::test
