// SPDX-License-Identifier: Apache-2.0
#include "plugin/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin/fixtures.h"

namespace myelin {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const Origin kOrigin{"orders.yaml", 7, 15};

class CatalogTest : public ::testing::Test {
 protected:
  const PolicyHandle* Find(PolicyKind kind, const std::string& name) {
    return catalog_.Find(kind, name, kOrigin, diagnostics_);
  }
  // The one error that looking it up gives.
  std::string WhyNot(PolicyKind kind, const std::string& name) {
    diagnostics_ = Diagnostics();
    EXPECT_EQ(Find(kind, name), nullptr);
    EXPECT_THAT(diagnostics_.all(), SizeIs(1));
    if (diagnostics_.all().empty()) return "";
    EXPECT_EQ(diagnostics_.all()[0].origin.line, 7);
    return diagnostics_.all()[0].message;
  }

  TemporaryDirectory first_;
  TemporaryDirectory second_;
  Catalog catalog_{{first_.path(), second_.path()}};
  Diagnostics diagnostics_;
};

TEST_F(CatalogTest, FindsAPolicyByTheNameOfItsFile) {
  second_.Deploy("sound", "myelin_sound.so");
  const PolicyHandle* policy = Find(PolicyKind::kBalancer, "sound");
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->file, second_.path() + "/myelin_sound.so");
  EXPECT_EQ(policy->plugin_version, "1.2.3");
  EXPECT_EQ(policy->options.size(), 2u);
}

TEST_F(CatalogTest, EarlierDirectoryWins) {
  first_.Deploy("sound", "myelin_sound.so");
  second_.Deploy("sound", "myelin_sound.so");
  EXPECT_EQ(Find(PolicyKind::kBalancer, "sound")->file, first_.path() + "/myelin_sound.so");
}

TEST_F(CatalogTest, FindsAPolicyInAFileOfAnotherName) {
  first_.Deploy("two_policies", "myelin_bundle.so");
  EXPECT_NE(Find(PolicyKind::kBalancer, "second_of_two"), nullptr);
  EXPECT_NE(Find(PolicyKind::kPool, "pool_of_two"), nullptr);
}

TEST_F(CatalogTest, ABrokenNeighbourDoesNotHinder) {
  first_.Write("myelin_aaa.so", "no plugin at all");
  first_.Deploy("two_policies", "myelin_bundle.so");
  EXPECT_NE(Find(PolicyKind::kBalancer, "first_of_two"), nullptr);
  EXPECT_THAT(diagnostics_.all(), IsEmpty());
}

TEST_F(CatalogTest, ABrokenFileOfThePolicysOwnNameIsReportedAsSuch) {
  first_.Write("myelin_sound.so", "no plugin at all");
  second_.Deploy("sound", "myelin_sound.so");
  EXPECT_THAT(WhyNot(PolicyKind::kBalancer, "sound"),
              AllOf(HasSubstr(first_.path() + "/myelin_sound.so"), HasSubstr("no ELF header")));
}

TEST_F(CatalogTest, UnknownNameIsAnsweredWithWhatThereIs) {
  first_.Deploy("two_policies", "myelin_bundle.so");
  second_.Deploy("sound", "myelin_sound.so");
  second_.Write("myelin_rotten.so", "x");
  EXPECT_THAT(WhyNot(PolicyKind::kBalancer, "sund"),
              AllOf(HasSubstr("there is no balancer 'sund', did you mean 'sound'?"),
                    HasSubstr("available are first_of_two, second_of_two, sound;"),
                    HasSubstr("searched " + first_.path() + ", " + second_.path()),
                    HasSubstr("myelin_rotten.so is not a shared object")));
}

TEST_F(CatalogTest, NameOfAnotherKindIsExplained) {
  first_.Deploy("two_policies", "myelin_bundle.so");
  EXPECT_THAT(WhyNot(PolicyKind::kBalancer, "pool_of_two"), HasSubstr("'pool_of_two' is a pool"));
}

TEST_F(CatalogTest, EmptyDirectoriesAreNamed) {
  EXPECT_THAT(WhyNot(PolicyKind::kLimiter, "x"), AllOf(HasSubstr("there is none at all"), HasSubstr(first_.path())));
}

TEST_F(CatalogTest, NameThatIsNoNameNeverTouchesTheDisk) {
  EXPECT_THAT(WhyNot(PolicyKind::kBalancer, "Not A Name"), HasSubstr("there is no balancer 'Not A Name'"));
}

TEST_F(CatalogTest, PathTakesThePolicyOfTheKind) {
  EXPECT_EQ(Find(PolicyKind::kPool, Fixture("two_policies"))->name, "pool_of_two");
}

TEST_F(CatalogTest, PathWithSeveralOfTheKindAsksWhich) {
  const std::string path = Fixture("two_policies");
  EXPECT_THAT(WhyNot(PolicyKind::kBalancer, path),
              AllOf(HasSubstr("holds several balancers"), HasSubstr(path + ":first_of_two"),
                    HasSubstr(path + ":second_of_two")));
  EXPECT_EQ(Find(PolicyKind::kBalancer, path + ":second_of_two")->name, "second_of_two");
}

TEST_F(CatalogTest, PathWithoutSuchAPolicySaysWhatItHolds) {
  EXPECT_THAT(WhyNot(PolicyKind::kLimiter, Fixture("two_policies")),
              AllOf(HasSubstr("holds no limiter"), HasSubstr("pool 'pool_of_two'")));
  EXPECT_THAT(WhyNot(PolicyKind::kBalancer, Fixture("two_policies") + ":first_of_to"),
              HasSubstr("holds no balancer 'first_of_to', did you mean 'first_of_two'?"));
}

TEST_F(CatalogTest, PathToNowhereIsSaidSo) {
  EXPECT_EQ(WhyNot(PolicyKind::kBalancer, "./nowhere.so"), "there is no file ./nowhere.so");
}

TEST_F(CatalogTest, PolicyForANewerHostIsAWarning) {
  EXPECT_NE(Find(PolicyKind::kBalancer, Fixture("unknown_interface")), nullptr);
  ASSERT_THAT(diagnostics_.all(), SizeIs(1));
  EXPECT_FALSE(diagnostics_.HasErrors());
  EXPECT_THAT(diagnostics_.all()[0].message, HasSubstr("'teleport' is built for a newer host"));
}

TEST_F(CatalogTest, OverwrittenFileIsFoundAnewAndOldHandlesStay) {
  first_.Deploy("same_symbol_a", "myelin_x.so");
  const PolicyHandle* old = Find(PolicyKind::kBalancer, "same_symbol_a");
  ASSERT_NE(old, nullptr);
  EXPECT_EQ(Find(PolicyKind::kBalancer, "same_symbol_a"), old);
  first_.Deploy("same_symbol_b", "myelin_x.so");
  EXPECT_NE(Find(PolicyKind::kBalancer, "same_symbol_b"), nullptr);
  EXPECT_EQ(Find(PolicyKind::kBalancer, "same_symbol_a"), nullptr);
  myelin_pick out{};
  EXPECT_EQ(old->balancer().pick(nullptr, nullptr, nullptr, &out), MYELIN_PICK);
}

TEST_F(CatalogTest, ListsWhatWorksAndWhatDoesNot) {
  first_.Deploy("sound", "myelin_sound.so");
  first_.Deploy("no_entry", "myelin_rotten.so");
  first_.Deploy("sound", "not_a_plugins_name.so");
  const auto listings = catalog_.List();
  ASSERT_THAT(listings, SizeIs(2));
  EXPECT_EQ(listings[0].plugin, nullptr);
  EXPECT_THAT(listings[0].why, HasSubstr("does not export myelin_plugin_v1"));
  ASSERT_NE(listings[1].plugin, nullptr);
  EXPECT_EQ(listings[1].plugin->name, "sound");
}

TEST_F(CatalogTest, DescribesByNameAndByPath) {
  first_.Deploy("bad_verdict", "myelin_bad_verdict.so");
  EXPECT_THAT(catalog_.Describe("bad_verdict", kOrigin, diagnostics_), SizeIs(3));
  EXPECT_THAT(catalog_.Describe(Fixture("two_policies"), kOrigin, diagnostics_), SizeIs(3));
  EXPECT_THAT(catalog_.Describe(Fixture("two_policies") + ":pool_of_two", kOrigin, diagnostics_), SizeIs(1));
  EXPECT_FALSE(diagnostics_.HasErrors());
  EXPECT_THAT(catalog_.Describe("bad_verdit", kOrigin, diagnostics_), IsEmpty());
  ASSERT_TRUE(diagnostics_.HasErrors());
  EXPECT_THAT(diagnostics_.all()[0].message, HasSubstr("did you mean 'bad_verdict'?"));
}

TEST(CatalogDirsTest, BuiltInDirectoriesLieBesideTheBinary) {
  const auto dirs = Catalog::BuiltInDirs("/opt/myelin/bin/myelin");
  ASSERT_THAT(dirs, Not(IsEmpty()));
  EXPECT_EQ(dirs[0], "/opt/myelin/plugins");
  EXPECT_EQ(dirs[1], "/opt/myelin/lib/myelin/plugins");
  EXPECT_THAT(Catalog::BuiltInDirs()[0], HasSubstr("/plugins"));
}

}  // namespace
}  // namespace myelin
