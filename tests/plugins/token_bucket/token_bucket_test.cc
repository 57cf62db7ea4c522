// SPDX-License-Identifier: Apache-2.0
//
// What a call is counted by, and what callers are told.
#include "token_bucket/token_bucket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>

#include "plugins/support/fake_call.h"

namespace myelin::token_bucket {
namespace {

using test::FakeCall;

Settings Keyed(const char* key, double rate = 1, uint64_t burst = 2) {
  Settings settings;
  settings.rate = rate;
  settings.burst = burst;
  settings.key = ParseKey(key);
  return settings;
}

// Calls out of ten that pass at one instant.
int Passed(const TokenBucket& bucket, const FakeCall& call) {
  int passed = 0;
  for (int i = 0; i < 10; ++i) passed += bucket.Admit(sdk::CallView(&call.call)).verdict == MYELIN_ADMIT ? 1 : 0;
  return passed;
}

void SetPeer(FakeCall& call, uint32_t family, const std::vector<uint8_t>& ip, uint32_t port) {
  call.call.peer_family = family;
  call.call.peer_port = port;
  std::memset(call.call.peer_ip, 0, sizeof(call.call.peer_ip));
  std::memcpy(call.call.peer_ip, ip.data(), ip.size());
}

TEST(TokenBucket, ProxyCountsAllCallsTogether) {
  const TokenBucket bucket(Keyed("proxy"), {1, 2}, 0);
  EXPECT_EQ(Passed(bucket, FakeCall("/a.A/X")), 2);
  EXPECT_EQ(Passed(bucket, FakeCall("/b.B/Y")), 0);
}

TEST(TokenBucket, MethodsAreIndependent) {
  const TokenBucket bucket(Keyed("method"), {1, 2}, 0);
  EXPECT_EQ(Passed(bucket, FakeCall("/a.A/X")), 2);
  EXPECT_EQ(Passed(bucket, FakeCall("/a.A/Y")), 2);
  EXPECT_EQ(Passed(bucket, FakeCall("/a.A/X")), 0);
}

TEST(TokenBucket, PeersAreToldApartByAddressNotPort) {
  const TokenBucket bucket(Keyed("peer"), {1, 2}, 0);
  FakeCall call;
  SetPeer(call, MYELIN_PEER_IPV4, {10, 0, 0, 1}, 1000);
  EXPECT_EQ(Passed(bucket, call), 2);
  SetPeer(call, MYELIN_PEER_IPV4, {10, 0, 0, 1}, 2000);
  EXPECT_EQ(Passed(bucket, call), 0);
  SetPeer(call, MYELIN_PEER_IPV4, {10, 0, 0, 2}, 1000);
  EXPECT_EQ(Passed(bucket, call), 2);
}

TEST(TokenBucket, MappedPeerIsItsIpv4Address) {
  const TokenBucket bucket(Keyed("peer"), {1, 2}, 0);
  FakeCall call;
  SetPeer(call, MYELIN_PEER_IPV4, {10, 0, 0, 1}, 1000);
  EXPECT_EQ(Passed(bucket, call), 2);
  SetPeer(call, MYELIN_PEER_IPV6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}, 1000);
  EXPECT_EQ(Passed(bucket, call), 0);
  SetPeer(call, MYELIN_PEER_IPV6, {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1}, 1000);
  EXPECT_EQ(Passed(bucket, call), 2);
}

TEST(TokenBucket, MetadataValuesAreIndependent) {
  const TokenBucket bucket(Keyed("metadata:x-tenant"), {1, 2}, 0);
  FakeCall call;
  EXPECT_EQ(Passed(bucket, call.SetMetadata(0, {"a"})), 2);
  EXPECT_EQ(Passed(bucket, call.SetMetadata(0, {"b"})), 2);
  EXPECT_EQ(Passed(bucket, call.SetMetadata(0, {"a"})), 0);
  EXPECT_EQ(Passed(bucket, call.SetMetadata(0, {"a", "b"})), 2);
  EXPECT_EQ(Passed(bucket, call.SetMetadata(0, {"ab"})), 2);
}

TEST(TokenBucket, CallsWithoutTheMetadataShareOneBucket) {
  const TokenBucket bucket(Keyed("metadata:x-tenant"), {1, 2}, 0);
  FakeCall one("/a.A/X");
  FakeCall two("/b.B/Y");
  EXPECT_EQ(Passed(bucket, one.SetMetadata(0, {})), 2);
  EXPECT_EQ(Passed(bucket, two.SetMetadata(0, {})), 0);
  EXPECT_EQ(Passed(bucket, two.SetMetadata(0, {""})), 0);
}

TEST(TokenBucket, RefusalSaysTheLimitAndWhenToRetry) {
  const TokenBucket bucket(Keyed("metadata:x-tenant", 1000, 200), {1, 2}, 0);
  FakeCall call;
  call.SetMetadata(0, {"a"});
  for (int i = 0; i < 200; ++i) ASSERT_EQ(bucket.Admit(sdk::CallView(&call.call)).verdict, MYELIN_ADMIT);
  const sdk::AdmitVerdict refused = bucket.Admit(sdk::CallView(&call.call));
  EXPECT_EQ(refused.verdict, MYELIN_ADMIT_REJECT);
  EXPECT_EQ(refused.status, MYELIN_GRPC_RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.message, "rate limit: 1000 calls/s with a burst of 200 for x-tenant exceeded");
  EXPECT_EQ(refused.pushback_ms, 1);
}

TEST(TokenBucket, PushbackIsRoundedUpToMilliseconds) {
  const TokenBucket slow(Keyed("proxy", 0.5, 1), {1, 2}, 0);
  FakeCall call;
  Passed(slow, call);
  call.call.now_ns += 500'000'100;
  EXPECT_EQ(slow.Admit(sdk::CallView(&call.call)).pushback_ms, 1500);
  const TokenBucket fast(Keyed("proxy", 1e6, 1), {1, 2}, 0);
  ASSERT_EQ(fast.Admit(sdk::CallView(&call.call)).verdict, MYELIN_ADMIT);
  EXPECT_EQ(fast.Admit(sdk::CallView(&call.call)).pushback_ms, 1);
}

TEST(TokenBucket, DelayHoldsCallsUntilTheyAreWithinTheRate) {
  Settings settings = Keyed("proxy", 10, 1);
  settings.max_delay_ns = 200'000'000;
  const TokenBucket bucket(settings, {1, 2}, 0);
  const FakeCall call;
  EXPECT_EQ(bucket.Admit(sdk::CallView(&call.call)).verdict, MYELIN_ADMIT);
  for (const double delay : {1e8, 2e8}) {
    const sdk::AdmitVerdict held = bucket.Admit(sdk::CallView(&call.call));
    EXPECT_EQ(held.verdict, MYELIN_ADMIT_DELAY);
    EXPECT_NEAR(static_cast<double>(held.delay_ns), delay, 3);
  }
  EXPECT_EQ(bucket.Admit(sdk::CallView(&call.call)).verdict, MYELIN_ADMIT_REJECT);
}

TEST(Settings, MessageNamesWhatIsCounted) {
  EXPECT_EQ(RefusalMessage(Keyed("proxy", 0.5, 1)), "rate limit: 0.5 calls/s with a burst of 1 exceeded");
  EXPECT_EQ(RefusalMessage(Keyed("method", 1e6, 9)),
            "rate limit: 1000000 calls/s with a burst of 9 for this method exceeded");
  EXPECT_EQ(RefusalMessage(Keyed("peer", 2, 3)), "rate limit: 2 calls/s with a burst of 3 for this peer exceeded");
}

TEST(Settings, KeysAreReadAndWritten) {
  for (const char* key : {"proxy", "method", "peer", "metadata:x-tenant"}) EXPECT_EQ(FormatKey(ParseKey(key)), key);
  EXPECT_EQ(FormatKey(ParseKey("metadata:X-Tenant")), "metadata:x-tenant");
}

TEST(Settings, WrongKeysSayWhatIsAccepted) {
  for (const char* key : {"", "tenant", "Proxy", "metadata", "metadata:", "metadata:a b", "metadata:a:b"}) {
    EXPECT_THROW(ParseKey(key), std::invalid_argument) << key;
  }
  EXPECT_THAT([] { ParseKey("metdata:x"); },
              testing::ThrowsMessage<std::invalid_argument>(
                  "'metdata:x' is not a key; proxy, method, peer or metadata:NAME is accepted"));
}

TEST(Settings, DefaultBurstIsASecondsWorth) {
  EXPECT_EQ(DefaultBurst(0.5), 1u);
  EXPECT_EQ(DefaultBurst(1), 1u);
  EXPECT_EQ(DefaultBurst(10.9), 10u);
  EXPECT_EQ(DefaultBurst(1e6), 1'000'000u);
}

TEST(Settings, BurstThatTakesDecadesToComeBackIsRefused) {
  EXPECT_THROW(Check(Keyed("proxy", 1e-6, 2000)), std::invalid_argument);
  EXPECT_THROW(Check(Keyed("proxy", 0, 1)), std::invalid_argument);
  EXPECT_NO_THROW(Check(Keyed("proxy", 1e-6, 1000)));
}

}  // namespace
}  // namespace myelin::token_bucket
