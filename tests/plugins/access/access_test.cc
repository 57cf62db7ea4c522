// SPDX-License-Identifier: Apache-2.0
//
// The decision: credentials, then rules in order, then the default.
#include "access/access.h"

#include <gtest/gtest.h>

#include <cstring>

#include "plugins/support/fake_call.h"

namespace myelin::access {
namespace {

using test::FakeCall;

constexpr uint32_t kCredentialsSlot = 0;
constexpr uint32_t kZoneSlot = 1;

std::optional<Credentials> Keys(const std::string& header = "x-api-key") {
  return Credentials{KeyRing({{"alice", "key-a"}, {"bob", "key-b"}, {"", "key-c"}}), header, kCredentialsSlot};
}

Rule Make(Action action) {
  Rule rule;
  rule.action = action;
  return rule;
}

Rule ForMethod(Action action, const char* pattern) {
  Rule rule = Make(action);
  rule.methods.emplace_back(pattern);
  return rule;
}

Rule ForZone(Action action, const char* pattern) {
  Rule rule = Make(action);
  rule.metadata.push_back({kZoneSlot, Glob(pattern)});
  return rule;
}

struct Answer {
  uint32_t status;  // MYELIN_GRPC_OK: admitted
  std::string message;
};

Answer Ask(const Access& access, const FakeCall& call) {
  Doorkeeper door(access);
  const sdk::AdmitVerdict verdict = door.Admit(sdk::CallView(&call.call));
  if (verdict.verdict == MYELIN_ADMIT) return {MYELIN_GRPC_OK, ""};
  EXPECT_EQ(verdict.verdict, MYELIN_ADMIT_REJECT);
  return {verdict.status, std::string(verdict.message)};
}

uint32_t StatusOf(const Access& access, const std::vector<std::string>& credentials,
                  const std::vector<std::string>& zones = {}, const std::string& path = "/shop.v1.Cart/Get") {
  FakeCall call(path);
  call.SetMetadata(kCredentialsSlot, credentials).SetMetadata(kZoneSlot, zones);
  return Ask(access, call).status;
}

TEST(Access, CallWithoutCredentialsIsUnauthenticated) {
  const Access access(Keys(), {}, Action::kAllow);
  FakeCall call;
  const Answer answer = Ask(access, call.SetMetadata(kCredentialsSlot, {}));
  EXPECT_EQ(answer.status, MYELIN_GRPC_UNAUTHENTICATED);
  EXPECT_EQ(answer.message, "missing credentials: send metadata 'x-api-key'");
  EXPECT_EQ(StatusOf(access, {""}), MYELIN_GRPC_UNAUTHENTICATED);
}

TEST(Access, UnknownKeyIsUnauthenticated) {
  const Access access(Keys(), {}, Action::kAllow);
  FakeCall call;
  const Answer answer = Ask(access, call.SetMetadata(kCredentialsSlot, {"key-x"}));
  EXPECT_EQ(answer.status, MYELIN_GRPC_UNAUTHENTICATED);
  EXPECT_EQ(answer.message, "unknown API key");
}

TEST(Access, DoubledCredentialsAreUnauthenticatedEvenIfBothAreRight) {
  const Access access(Keys(), {}, Action::kAllow);
  FakeCall call;
  const Answer answer = Ask(access, call.SetMetadata(kCredentialsSlot, {"key-a", "key-a"}));
  EXPECT_EQ(answer.status, MYELIN_GRPC_UNAUTHENTICATED);
  EXPECT_EQ(answer.message, "ambiguous credentials: send metadata 'x-api-key' only once");
}

TEST(Access, KnownKeyPassesUnderDefaultAllow) {
  const Access access(Keys(), {}, Action::kAllow);
  EXPECT_EQ(StatusOf(access, {"key-a"}), MYELIN_GRPC_OK);
  EXPECT_EQ(StatusOf(access, {"key-c"}), MYELIN_GRPC_OK);
}

TEST(Access, AuthorizationHeaderCarriesABearerKey) {
  const Access access(Keys("authorization"), {}, Action::kAllow);
  EXPECT_EQ(StatusOf(access, {"Bearer key-a"}), MYELIN_GRPC_OK);
  EXPECT_EQ(StatusOf(access, {"bearer  key-a"}), MYELIN_GRPC_OK);
  for (const char* value : {"key-a", "Basic key-a", "Bearer", "Bearer ", "Bearerkey-a", "Bearer key-x"}) {
    EXPECT_EQ(StatusOf(access, {value}), MYELIN_GRPC_UNAUTHENTICATED) << value;
  }
  FakeCall call;
  EXPECT_EQ(Ask(access, call.SetMetadata(kCredentialsSlot, {"Basic key-a"})).message,
            "missing credentials: send metadata 'authorization: Bearer KEY'");
}

TEST(Access, DenialNamesTheMethodAndNoRule) {
  const Access access({}, {ForMethod(Action::kDeny, "/shop.v1.*")}, Action::kAllow);
  const Answer answer = Ask(access, FakeCall("/shop.v1.Cart/Get"));
  EXPECT_EQ(answer.status, MYELIN_GRPC_PERMISSION_DENIED);
  EXPECT_EQ(answer.message, "permission denied for /shop.v1.Cart/Get");
}

TEST(Access, HostilePathIsCutAndMasked) {
  const Access access({}, {}, Action::kDeny);
  const Answer answer = Ask(access, FakeCall("/a/\x1b[2J\n" + std::string(5000, 'x')));
  EXPECT_EQ(answer.message.substr(0, 30), "permission denied for /a/?[2J?");
  EXPECT_EQ(answer.message.size(), 320u);
}

TEST(Access, FirstRuleThatMatchesDecides) {
  const std::vector<Rule> rules = {ForMethod(Action::kAllow, "/shop.v1.Cart/Get"),
                                   ForMethod(Action::kDeny, "/shop.v1.Cart/*"), ForMethod(Action::kAllow, "*")};
  const Access access({}, rules, Action::kDeny);
  EXPECT_EQ(StatusOf(access, {}, {}, "/shop.v1.Cart/Get"), MYELIN_GRPC_OK);
  EXPECT_EQ(StatusOf(access, {}, {}, "/shop.v1.Cart/Put"), MYELIN_GRPC_PERMISSION_DENIED);
  EXPECT_EQ(StatusOf(access, {}, {}, "/other.Service/Get"), MYELIN_GRPC_OK);
}

TEST(Access, DefaultDecidesWhatNoRuleMatches) {
  const std::vector<Rule> rules = {ForMethod(Action::kAllow, "/a.A/X")};
  EXPECT_EQ(StatusOf(Access({}, rules, Action::kDeny), {}), MYELIN_GRPC_PERMISSION_DENIED);
  EXPECT_EQ(StatusOf(Access({}, rules, Action::kAllow), {}), MYELIN_GRPC_OK);
}

TEST(Access, RuleWithoutConditionsMatchesEveryCall) {
  EXPECT_EQ(StatusOf(Access({}, {Make(Action::kAllow)}, Action::kDeny), {}), MYELIN_GRPC_OK);
}

TEST(Access, ServicesAreMatched) {
  Rule rule = Make(Action::kDeny);
  rule.services.emplace_back("shop.*");
  const Access access({}, {rule}, Action::kAllow);
  EXPECT_EQ(StatusOf(access, {}, {}, "/shop.v1.Cart/Get"), MYELIN_GRPC_PERMISSION_DENIED);
  EXPECT_EQ(StatusOf(access, {}, {}, "/pay.v1.Cart/shop.Get"), MYELIN_GRPC_OK);
}

TEST(Access, RuleForKeysLooksAtTheCallersName) {
  Rule rule = Make(Action::kAllow);
  rule.keys = {"alice"};
  const Access access(Keys(), {rule}, Action::kDeny);
  EXPECT_EQ(StatusOf(access, {"key-a"}), MYELIN_GRPC_OK);
  EXPECT_EQ(StatusOf(access, {"key-b"}), MYELIN_GRPC_PERMISSION_DENIED);
  EXPECT_EQ(StatusOf(access, {"key-c"}), MYELIN_GRPC_PERMISSION_DENIED);
}

TEST(Access, AllConditionsOfARuleHaveToHold) {
  Rule rule = ForZone(Action::kAllow, "inside");
  rule.methods.emplace_back("/shop.v1.Cart/*");
  const Access access({}, {rule}, Action::kDeny);
  EXPECT_EQ(StatusOf(access, {}, {"inside"}), MYELIN_GRPC_OK);
  EXPECT_EQ(StatusOf(access, {}, {"outside"}), MYELIN_GRPC_PERMISSION_DENIED);
  EXPECT_EQ(StatusOf(access, {}, {"inside"}, "/shop.v1.Pay/Get"), MYELIN_GRPC_PERMISSION_DENIED);
}

struct ZoneCase {
  Action action;
  std::vector<std::string> values;
  uint32_t status;
};

class DoubledMetadata : public testing::TestWithParam<ZoneCase> {};

// Allow rules stand before a default of deny and deny rules before one of allow, so the status shows whether they
// matched.
TEST_P(DoubledMetadata, CannotBeSmuggledPastARule) {
  const ZoneCase& c = GetParam();
  const Action otherwise = c.action == Action::kAllow ? Action::kDeny : Action::kAllow;
  EXPECT_EQ(StatusOf(Access({}, {ForZone(c.action, "zone-*")}, otherwise), {}, c.values), c.status);
}

INSTANTIATE_TEST_SUITE_P(Zones, DoubledMetadata,
                         testing::Values(ZoneCase{Action::kAllow, {}, MYELIN_GRPC_PERMISSION_DENIED},
                                         ZoneCase{Action::kAllow, {"zone-a"}, MYELIN_GRPC_OK},
                                         ZoneCase{Action::kAllow, {"zone-a", "zone-b"}, MYELIN_GRPC_OK},
                                         ZoneCase{Action::kAllow, {"zone-a", "x"}, MYELIN_GRPC_PERMISSION_DENIED},
                                         ZoneCase{Action::kAllow, {"x", "zone-a"}, MYELIN_GRPC_PERMISSION_DENIED},
                                         ZoneCase{Action::kDeny, {}, MYELIN_GRPC_OK},
                                         ZoneCase{Action::kDeny, {"x"}, MYELIN_GRPC_OK},
                                         ZoneCase{Action::kDeny, {"zone-a"}, MYELIN_GRPC_PERMISSION_DENIED},
                                         ZoneCase{Action::kDeny, {"x", "zone-a"}, MYELIN_GRPC_PERMISSION_DENIED},
                                         ZoneCase{Action::kDeny, {"zone-a", "x"}, MYELIN_GRPC_PERMISSION_DENIED}));

TEST(Access, UnixPeersAreInNoBlock) {
  Rule rule = Make(Action::kAllow);
  rule.peers = {Cidr("0.0.0.0/0"), Cidr("::/0")};
  const Access access({}, {rule}, Action::kDeny);
  FakeCall call;
  call.call.peer_family = MYELIN_PEER_UNIX;
  EXPECT_EQ(Ask(access, call).status, MYELIN_GRPC_PERMISSION_DENIED);
  call.call.peer_family = MYELIN_PEER_IPV4;
  EXPECT_EQ(Ask(access, call).status, MYELIN_GRPC_OK);
  call.call.peer_family = MYELIN_PEER_IPV6;
  EXPECT_EQ(Ask(access, call).status, MYELIN_GRPC_OK);
}

}  // namespace
}  // namespace myelin::access
