// SPDX-License-Identifier: Apache-2.0
#include "plugin/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "plugin/catalog.h"
#include "plugin/fixtures.h"

namespace myelin {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

int32_t Create(const myelin_host*, const myelin_options*, void** instance, myelin_error*) {
  *instance = nullptr;
  return MYELIN_OK;
}
uint32_t Pick(void*, const myelin_snapshot*, const myelin_call*, myelin_pick*) { return MYELIN_PICK; }
uint32_t Acquire(void*, const myelin_pool_view*, const myelin_call*, myelin_acquire*) { return MYELIN_ACQUIRE_OPEN; }
uint32_t Admit(void*, const myelin_call*, myelin_admit*) { return MYELIN_ADMIT; }

// A sound plugin in memory, of which a test spoils one part.
struct Parts {
  myelin_option options[2]{};
  myelin_option fields[1]{};
  myelin_balancer balancer{};
  myelin_pool pool{};
  myelin_limiter limiter{};
  myelin_policy policies[2]{};
  myelin_plugin plugin{};

  Parts() {
    for (myelin_option* row : {&options[0], &options[1], &fields[0]}) {
      row->struct_size = sizeof(*row);
      row->type = MYELIN_OPTION_INTEGER;
      row->field_stride = sizeof(myelin_option);
    }
    options[0].name = "size";
    options[1].name = "limit";
    fields[0].name = "inner";
    balancer.struct_size = sizeof(balancer);
    balancer.create = Create;
    balancer.pick = Pick;
    pool.struct_size = sizeof(pool);
    pool.create = Create;
    pool.acquire = Acquire;
    limiter.struct_size = sizeof(limiter);
    limiter.create = Create;
    limiter.admit = Admit;
    SetPolicy(policies[0], MYELIN_BALANCER_1, "first", &balancer);
    policies[0].options = options;
    policies[0].option_count = 2;
    SetPolicy(policies[1], MYELIN_POOL_1, "second", &pool);
    plugin = {MYELIN_MAGIC, sizeof(plugin), 1,       0,        0, "parts",
              "1.0",        "tests",        nullptr, policies, 2, sizeof(myelin_policy)};
  }

  static void SetPolicy(myelin_policy& policy, const char* id, const char* name, const void* functions) {
    policy.struct_size = sizeof(policy);
    policy.interface_id = id;
    policy.name = name;
    policy.functions = functions;
    policy.option_stride = sizeof(myelin_option);
  }
};

std::string WhyNot(const std::function<void(Parts&)>& spoil) {
  Parts parts;
  spoil(parts);
  std::string why;
  EXPECT_EQ(InspectPlugin(&parts.plugin, "p.so", why), nullptr);
  EXPECT_THAT(why, ::testing::StartsWith("p.so "));
  return why;
}

TEST(InspectTest, TakesASoundPlugin) {
  Parts parts;
  std::string why;
  const auto plugin = InspectPlugin(&parts.plugin, "p.so", why);
  ASSERT_NE(plugin, nullptr) << why;
  EXPECT_EQ(plugin->name, "parts");
  EXPECT_EQ(plugin->license, "");
  ASSERT_EQ(plugin->policies.size(), 2u);
  const PolicyHandle& first = *plugin->policies[0];
  EXPECT_EQ(first.kind, PolicyKind::kBalancer);
  EXPECT_EQ(first.balancer().pick, &Pick);
  EXPECT_FALSE(first.has_done);
  EXPECT_FALSE(first.has_shard);
  EXPECT_EQ(first.options.size(), 2u);
  EXPECT_STREQ(first.options[1].name, "limit");
  EXPECT_EQ(first.plugin_version, "1.0");
  EXPECT_EQ(plugin->Find(PolicyKind::kPool, "second"), plugin->policies[1].get());
  EXPECT_EQ(plugin->Find(PolicyKind::kLimiter, "second"), nullptr);
}

TEST(InspectTest, RefusesNullEntry) {
  std::string why;
  EXPECT_EQ(InspectPlugin(nullptr, "p.so", why), nullptr);
  EXPECT_THAT(why, EndsWith("its myelin_plugin_v1 answers NULL"));
}

TEST(InspectTest, RefusesAnotherMagicMajorOrMinor) {
  EXPECT_THAT(WhyNot([](Parts& p) { p.plugin.magic = 1; }), HasSubstr("its magic is 0x0000000000000001"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.plugin.abi_major = 2; }),
              HasSubstr("built for plugin ABI 2.0, this host speaks ABI 1.0: build it against SDK 1.x"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.plugin.abi_minor_needed = 5; }),
              HasSubstr("needs a host with plugin ABI 1.5 or newer, this one has 1.0"));
}

TEST(InspectTest, RefusesMissingTexts) {
  EXPECT_THAT(WhyNot([](Parts& p) { p.plugin.name = nullptr; }), HasSubstr("its name is missing"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.plugin.version = ""; }), HasSubstr("its version is missing"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.plugin.vendor = nullptr; }), HasSubstr("its vendor is missing"));
}

TEST(InspectTest, RefusesUnbelievableSizes) {
  EXPECT_THAT(WhyNot([](Parts& p) { p.plugin.struct_size = 8; }), HasSubstr("struct_size of its myelin_plugin is 8"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.plugin.policy_stride = 0; }), HasSubstr("its policy_stride is 0"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.plugin.policy_stride = 1u << 31; }),
              HasSubstr("its policy_stride is 2147483648"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.plugin.policy_stride += 4; }), HasSubstr("its policy_stride is"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.plugin.policy_count = 100000; }), HasSubstr("policy_count is 100000"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.plugin.policy_count = 0; }), HasSubstr("holds no policies"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.plugin.policies = nullptr; }), HasSubstr("its policies are NULL"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.policies[1].struct_size = 12; }), HasSubstr("struct_size of its policy 2 is 12"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.policies[1].struct_size = 9999; }), HasSubstr("its policy 2 is 9999"));
}

TEST(InspectTest, RefusesAPolicyWithoutWhatItsKindNeeds) {
  EXPECT_THAT(WhyNot([](Parts& p) { p.policies[0].functions = nullptr; }), HasSubstr("'first' has no function table"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.balancer.pick = nullptr; }), HasSubstr("policy 'first' has no pick function"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.balancer.create = nullptr; }), HasSubstr("has no create function"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.pool.acquire = nullptr; }), HasSubstr("policy 'second' has no acquire function"));
  EXPECT_THAT(WhyNot([](Parts& p) {
                p.limiter.admit = nullptr;
                Parts::SetPolicy(p.policies[1], MYELIN_LIMITER_1, "second", &p.limiter);
              }),
              HasSubstr("has no admit function"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.balancer.struct_size = 20; }), HasSubstr("function table with struct_size 20"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.balancer.struct_size = offsetof(myelin_balancer, pick); }),
              HasSubstr("has no pick function"));
}

TEST(InspectTest, RefusesBadNames) {
  EXPECT_THAT(WhyNot([](Parts& p) { p.policies[0].name = "Min-Conn"; }),
              HasSubstr("is named 'Min-Conn', which is not lower-case words joined by '_'"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.policies[0].name = ""; }), HasSubstr("is named ''"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.policies[0].name = nullptr; }), HasSubstr("its policy 1 has no name"));
  EXPECT_THAT(WhyNot([](Parts& p) { p.policies[0].interface_id = nullptr; }), HasSubstr("has no interface_id"));
}

TEST(InspectTest, RefusesTwoPoliciesOfOneKindAndNameButNotOfTwoKinds) {
  EXPECT_THAT(WhyNot([](Parts& p) { Parts::SetPolicy(p.policies[1], MYELIN_BALANCER_1, "first", &p.balancer); }),
              HasSubstr("it holds two balancers named 'first'"));
  Parts parts;
  parts.policies[1].name = "first";
  std::string why;
  EXPECT_NE(InspectPlugin(&parts.plugin, "p.so", why), nullptr) << why;
}

TEST(InspectTest, LeavesOutAnInterfaceItDoesNotKnow) {
  Parts parts;
  parts.policies[0].interface_id = "myelin.oracle/4";
  std::string why;
  const auto plugin = InspectPlugin(&parts.plugin, "p.so", why);
  ASSERT_NE(plugin, nullptr) << why;
  ASSERT_EQ(plugin->policies.size(), 1u);
  ASSERT_EQ(plugin->warnings.size(), 1u);
  EXPECT_THAT(plugin->warnings[0], AllOf(HasSubstr("'first' is built for a newer host"), HasSubstr("myelin.oracle/4")));
}

TEST(InspectTest, RefusesAFaultyOptionTable) {
  using P = Parts&;
  EXPECT_THAT(WhyNot([](P p) { p.options[0].type = 99; }), HasSubstr("its option 'size' has type 99"));
  EXPECT_THAT(WhyNot([](P p) { p.options[0].default_value = "many"; }),
              HasSubstr("'size' has the default 'many', which is not a whole number"));
  EXPECT_THAT(WhyNot([](P p) { p.options[0].minimum = "low"; }), HasSubstr("has the bound 'low'"));
  EXPECT_THAT(WhyNot([](P p) {
                p.options[0].default_value = "0";
                p.options[0].minimum = "1";
              }),
              HasSubstr("has the default '0', which is not at least 1"));
  EXPECT_THAT(WhyNot([](P p) { p.options[1].name = "size"; }), HasSubstr("it declares the option 'size' twice"));
  EXPECT_THAT(WhyNot([](P p) { p.options[1].name = nullptr; }), HasSubstr("its option 2 has no name"));
  EXPECT_THAT(WhyNot([](P p) { p.options[1].name = "Max Size"; }), HasSubstr("is named 'Max Size'"));
  EXPECT_THAT(WhyNot([](P p) { p.options[1].struct_size = 16; }), HasSubstr("its option 2 has struct_size 16"));
  EXPECT_THAT(WhyNot([](P p) { p.policies[0].option_stride = 8; }), HasSubstr("its option_stride is 8"));
  EXPECT_THAT(WhyNot([](P p) { p.policies[0].options = nullptr; }), HasSubstr("its options are NULL"));
  EXPECT_THAT(WhyNot([](P p) { p.options[0].type = MYELIN_OPTION_CHOICE; }), HasSubstr("is a choice without choices"));
  EXPECT_THAT(WhyNot([](P p) {
                p.options[0].type = MYELIN_OPTION_CHOICE;
                p.options[0].choices = "a|b";
                p.options[0].default_value = "c";
              }),
              HasSubstr("which is none of a|b"));
}

TEST(InspectTest, RefusesFieldsThatAreFaultyOrEndless) {
  EXPECT_THAT(WhyNot([](Parts& p) {
                p.options[0].type = MYELIN_OPTION_MAP;
                p.options[0].fields = p.fields;
                p.options[0].field_count = 1;
                p.fields[0].type = 50;
              }),
              HasSubstr("'size' has fields with a fault: its option 'inner' has type 50"));
  EXPECT_THAT(WhyNot([](Parts& p) {
                p.options[0].type = MYELIN_OPTION_MAP;
                p.options[0].fields = p.options;
                p.options[0].field_count = 1;
              }),
              HasSubstr("nested more than 8 deep"));
}

class InspectFixtureTest : public ::testing::Test {
 protected:
  std::string WhyNot(const std::string& fixture) {
    std::string why;
    EXPECT_EQ(catalog_.Load(Fixture(fixture), why), nullptr) << fixture;
    EXPECT_THAT(why, ::testing::StartsWith(Fixture(fixture)));
    return why;
  }

  Catalog catalog_{{}};
};

TEST_F(InspectFixtureTest, SaysWhatIsWrongWithEach) {
  EXPECT_THAT(WhyNot("no_entry"), EndsWith("is not a Myelin plugin: it does not export myelin_plugin_v1"));
  EXPECT_THAT(WhyNot("other_major"), HasSubstr("is built for plugin ABI 2 (it exports myelin_plugin_v2)"));
  EXPECT_THAT(WhyNot("bad_magic"), HasSubstr("is not a Myelin plugin: its magic is 0x000000000000002a"));
  EXPECT_THAT(WhyNot("wrong_major"), HasSubstr("is built for plugin ABI 2.0"));
  EXPECT_THAT(WhyNot("future_minor_needed"), HasSubstr("needs a host with plugin ABI 1.7 or newer"));
  EXPECT_THAT(WhyNot("short_struct"), HasSubstr("struct_size of its myelin_plugin is 40"));
  EXPECT_THAT(WhyNot("huge_stride"), HasSubstr("its policy_stride is 1073741824"));
  EXPECT_THAT(WhyNot("bad_options"), HasSubstr("has the default '100', which is not from 1 to 64"));
}

TEST_F(InspectFixtureTest, TakesAPluginOfANewerMinorThatNeedsNoneOfIt) {
  std::string why;
  const Plugin* plugin = catalog_.Load(Fixture("newer_minor"), why);
  ASSERT_NE(plugin, nullptr) << why;
  EXPECT_EQ(plugin->abi_minor, 9u);
}

TEST_F(InspectFixtureTest, ReadsOnlyAsMuchOfATableAsItsSizeSays) {
  std::string why;
  const Plugin* plugin = catalog_.Load(Fixture("short_table"), why);
  ASSERT_NE(plugin, nullptr) << why;
  EXPECT_FALSE(plugin->policies[0]->has_done);
  plugin->policies[0]->balancer().done(nullptr, nullptr, 0, 0);  // the fixture's own would trap
}

}  // namespace
}  // namespace myelin
