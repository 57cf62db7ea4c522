// SPDX-License-Identifier: Apache-2.0
//
// access through dlopen and its C table: options as a user nests them, and what wrong ones are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "plugins/support/fake_call.h"
#include "plugins/support/plugin_library.h"

namespace myelin::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Limiter = Policy<myelin_limiter>;

// A file of API keys that is gone after the test.
class TemporaryKeys {
 public:
  explicit TemporaryKeys(const std::string& text, mode_t mode = 0600)
      : path(testing::TempDir() + "/myelin_access_" + std::to_string(getpid())) {
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
  }
  ~TemporaryKeys() { std::remove(path.c_str()); }
  TemporaryKeys(const TemporaryKeys&) = delete;
  TemporaryKeys& operator=(const TemporaryKeys&) = delete;

  const std::string path;
};

std::string Decision(const Limiter& limiter, const FakeCall& call) {
  myelin_admit out{};
  out.struct_size = sizeof(out);
  const uint32_t verdict = limiter.table.admit(limiter.shard(), &call.call, &out);
  if (verdict == MYELIN_ADMIT) return "admitted";
  return std::to_string(out.status) + " " + std::string(out.message.data, out.message.size);
}

std::string ErrorOf(const Fields& options) {
  const Limiter limiter("access", options);
  EXPECT_EQ(limiter.code, MYELIN_ERROR_INVALID);
  return limiter.message;
}

Fields OneRule(const char* key, const myelin_node& value) {
  return {{"rules", List({Map({{"action", "allow"}, {key, value}})})}};
}

TEST(AccessAbi, EntryDescribesALimiter) { CheckEntry(OpenPlugin("access"), "access", MYELIN_LIMITER_1); }

// It guards permissions: when its answer is invalid, the host must not let the call pass.
TEST(AccessAbi, FailsClosed) {
  const myelin_plugin& entry = OpenPlugin("access");
  const auto* functions = static_cast<const myelin_limiter*>(entry.policies->functions);
  EXPECT_EQ(functions->flags & MYELIN_LIMITER_FAIL_CLOSED, MYELIN_LIMITER_FAIL_CLOSED);
}

TEST(AccessAbi, KeysAndRulesDecide) {
  const TemporaryKeys keys("alice key-a\nbob key-b\n");
  const Limiter limiter("access",
                        {{"api_keys_file", keys.path},
                         {"rules", List({Map({{"action", "deny"}, {"metadata", Map({{"X-Zone", "guest*"}})}}),
                                         Map({{"action", "allow"}, {"service", "shop.v1.Admin"}, {"key", "alice"}}),
                                         Map({{"action", "allow"}, {"method", List({"/shop.v1.Cart/*"})}})})}});
  ASSERT_EQ(limiter.code, MYELIN_OK) << limiter.message;
  ASSERT_THAT(limiter.host.metadata_keys, ElementsAre("x-api-key", "x-zone"));
  FakeCall cart("/shop.v1.Cart/Get");
  FakeCall admin("/shop.v1.Admin/Wipe");
  EXPECT_EQ(Decision(limiter, cart.SetMetadata(1, {})), "16 missing credentials: send metadata 'x-api-key'");
  EXPECT_EQ(Decision(limiter, cart.SetMetadata(0, {"key-b"})), "admitted");
  EXPECT_EQ(Decision(limiter, cart.SetMetadata(1, {"guest-7"})), "7 permission denied for /shop.v1.Cart/Get");
  EXPECT_EQ(Decision(limiter, admin.SetMetadata(1, {}).SetMetadata(0, {"key-b"})),
            "7 permission denied for /shop.v1.Admin/Wipe");
  EXPECT_EQ(Decision(limiter, admin.SetMetadata(0, {"key-a"})), "admitted");
}

TEST(AccessAbi, PeersAndASingleRuleWithoutBrackets) {
  const Limiter limiter("access", {{"rules", Map({{"action", "allow"}, {"peer", List({"10.0.0.0/8", "::1"})}})}});
  ASSERT_EQ(limiter.code, MYELIN_OK) << limiter.message;
  FakeCall call;
  call.call.peer_family = MYELIN_PEER_IPV4;
  call.call.peer_ip[0] = 10;
  EXPECT_EQ(Decision(limiter, call), "admitted");
  call.call.peer_ip[0] = 11;
  EXPECT_EQ(Decision(limiter, call), "7 permission denied for /shop.v1.Cart/Get");
}

TEST(AccessAbi, NothingAllowedIsWarnedAbout) {
  const Limiter limiter("access", {});
  ASSERT_EQ(limiter.code, MYELIN_OK);
  ASSERT_EQ(limiter.host.lines.size(), 1u);
  EXPECT_THAT(limiter.host.lines[0].second, HasSubstr("every call is refused"));
  EXPECT_TRUE(Limiter("access", {{"default", "allow"}}).host.lines.empty());
}

TEST(AccessAbi, KeyFileThatEveryoneMayReadIsWarnedAbout) {
  const TemporaryKeys keys("alice key-a\n", 0644);
  const Limiter limiter("access", {{"api_keys_file", keys.path}, {"default", "allow"}});
  ASSERT_EQ(limiter.code, MYELIN_OK) << limiter.message;
  ASSERT_EQ(limiter.host.lines.size(), 1u);
  EXPECT_EQ(limiter.host.lines[0].first, MYELIN_LOG_WARNING);
  EXPECT_THAT(limiter.host.lines[0].second, HasSubstr("may read the API keys"));
}

TEST(AccessAbi, WrongKeyFileNamesOptionFileAndLine) {
  EXPECT_EQ(ErrorOf({{"api_keys_file", "/nonexistent/keys"}}),
            "test.yaml:1:1: api_keys_file: /nonexistent/keys: cannot be read: No such file or directory");
  const TemporaryKeys keys("alice key-a\nbob the builder\n");
  EXPECT_EQ(ErrorOf({{"api_keys_file", keys.path}}),
            "test.yaml:1:1: api_keys_file: " + keys.path + ":2: NAME KEY or KEY is accepted, here are 3 words");
}

TEST(AccessAbi, WrongRulesNameTheirPlaceAndWhatIsAccepted) {
  EXPECT_EQ(ErrorOf(OneRule("peer", "10.1.0.0/8")),
            "test.yaml:1:1: peer: '10.1.0.0/8' has bits beyond its prefix; did you mean 10.0.0.0/8?");
  EXPECT_EQ(ErrorOf(OneRule("method", "Get")),
            "test.yaml:1:1: method: 'Get' would match no call; a path such as /shop.v1.Cart/Get or */Get is accepted");
  EXPECT_EQ(ErrorOf(OneRule("service", "/shop.v1.Cart")),
            "test.yaml:1:1: service: '/shop.v1.Cart' would match no call; a service such as shop.v1.Cart has no '/'");
  EXPECT_THAT(ErrorOf(OneRule("metadata", Map({{"x zone", "a"}}))),
              HasSubstr("metadata: 'x zone' is not a metadata key"));
  EXPECT_THAT(ErrorOf(OneRule("metadata", Map({{"x-zone", ""}}))), HasSubstr("metadata: an empty pattern"));
  EXPECT_THAT(ErrorOf(OneRule("peer", List({}))), HasSubstr("peer: the list is empty"));
}

TEST(AccessAbi, RuleForAKeyNobodyHasIsRefused) {
  EXPECT_EQ(ErrorOf(OneRule("key", "alice")), "test.yaml:1:1: key: 'alice' cannot be told without api_keys_file");
  const TemporaryKeys keys("alice key-a\n");
  Fields options = OneRule("key", "alcie");
  options.emplace_back("api_keys_file", keys.path);
  EXPECT_EQ(ErrorOf(options), "test.yaml:1:1: key: api_keys_file has no key named 'alcie'");
}

TEST(AccessAbi, WrongHeaderIsRefused) {
  const TemporaryKeys keys("alice key-a\n");
  EXPECT_THAT(ErrorOf({{"api_keys_file", keys.path}, {"api_key_header", "x key"}}),
              HasSubstr("api_key_header: 'x key' is not a metadata key"));
}

}  // namespace
}  // namespace myelin::test
