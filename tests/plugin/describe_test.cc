// SPDX-License-Identifier: Apache-2.0
#include "plugin/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "plugin/fixtures.h"

namespace myelin {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class DescribeTest : public ::testing::Test {
 protected:
  const PolicyHandle& Get(const std::string& fixture) {
    Diagnostics diagnostics;
    return *catalog_.Describe(Fixture(fixture), {}, diagnostics).at(0);
  }

  Catalog catalog_{{std::string(MYELIN_BUILD_DIR) + "/tests/fixtures"}};
};

TEST_F(DescribeTest, TeachesByExampleAndTellsEveryOption) {
  const std::string text = DescribeText(Get("sound"));
  EXPECT_THAT(text, AllOf(HasSubstr("sound, a balancer of plugin sound 1.2.3"), HasSubstr("Picks any endpoint."),
                          HasSubstr("  balancer: sound\n"),
                          HasSubstr("  balancer:\n    sound:\n      size: 4\n      idle: 10s\n"),
                          HasSubstr("  size: integer, default 4, from 1 to 64\n      How many.\n"),
                          HasSubstr("  idle: duration, default 10s\n")));
}

TEST_F(DescribeTest, PolicyWithoutOptionsIsShort) {
  EXPECT_THAT(DescribeText(Get("two_policies")), HasSubstr("It takes no options."));
}

TEST_F(DescribeTest, JsonHasTheWholeTable) {
  const auto json = nlohmann::json::parse(DescribeJson({&Get("sound")}));
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["kind"], "balancer");
  EXPECT_EQ(json[0]["options"][0]["name"], "size");
  EXPECT_EQ(json[0]["options"][0]["maximum"], "64");
  EXPECT_EQ(json[0]["options"][1]["minimum"], nullptr);
}

class ListingTest : public ::testing::Test {
 protected:
  ListingTest() {
    dir_.Deploy("sound", "myelin_sound.so");
    dir_.Deploy("unknown_interface", "myelin_teleport.so");
    dir_.Write("myelin_rotten.so", "x");
  }

  TemporaryDirectory dir_;
  Catalog catalog_{{dir_.path()}};
};

TEST_F(ListingTest, TableNamesPoliciesAndWhatCannotBeUsed) {
  const std::string text = PluginListText(catalog_.List());
  EXPECT_THAT(text, AllOf(HasSubstr("KIND      NAME   VERSION  VENDOR        FILE"),
                          HasSubstr("balancer  sound  1.2.3    Myelin tests  "), HasSubstr("Not usable:\n"),
                          HasSubstr("myelin_rotten.so is not a shared object"), HasSubstr("'teleport'")));
}

TEST_F(ListingTest, JsonHasTheSame) {
  const auto json = nlohmann::json::parse(PluginListJson(catalog_.List()));
  EXPECT_EQ(json["policies"].size(), 2u);
  EXPECT_EQ(json["policies"][0]["vendor"], "Myelin tests");
  EXPECT_EQ(json["unusable"].size(), 2u);
}

TEST_F(ListingTest, NoPluginsAtAllIsSaid) { EXPECT_THAT(PluginListText({}), HasSubstr("no plugins")); }

}  // namespace
}  // namespace myelin
