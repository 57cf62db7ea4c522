// SPDX-License-Identifier: Apache-2.0
//
// What a policy in C++ reads and asks for: options, services of the host, errors, the entry's data.
#include <gmock/gmock.h>

#include <limits>

#include "sdk/fakes.h"

namespace myelin {
namespace {

using testing::HasSubstr;

/// The Error that `body` throws.
template <class Body>
sdk::Error Caught(Body&& body) {
  try {
    body();
  } catch (const sdk::Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {MYELIN_OK, ""};
}

TEST(Options, ReadsEachType) {
  const FakeOptions fake(
      {{"n", {"-7", {}}}, {"x", {"0.5", {}}}, {"t", {"ten", {}}}, {"b", {"1", {}}}, {"d", {"250", {}}}});
  const sdk::Options options(fake.raw());
  EXPECT_EQ(options.Integer("n"), -7);
  EXPECT_EQ(options.Number("x"), 0.5);
  EXPECT_EQ(options.Text("t"), "ten");
  EXPECT_TRUE(options.Bool("b"));
  EXPECT_EQ(options.Duration("d"), std::chrono::nanoseconds(250));
  EXPECT_EQ(options.DurationNs("d"), 250u);
  EXPECT_EQ(options.Size("d"), 250u);
}

TEST(Options, AnIntegerThatDoesNotFitItsTypeThrows) {
  const FakeOptions fake({{"big", {"4294967296", {}}}, {"less", {"-1", {}}}, {"fits", {"4294967295", {}}}});
  const sdk::Options options(fake.raw());
  EXPECT_EQ(options.Integer<uint32_t>("fits"), UINT32_MAX);
  EXPECT_EQ(Caught([&] { options.Integer<uint32_t>("big"); }).code(), MYELIN_ERROR_INVALID);
  EXPECT_EQ(Caught([&] { options.Integer<uint64_t>("less"); }).code(), MYELIN_ERROR_INVALID);
}

TEST(Options, OneThatIsNotThereIsNamedWithItsPlace) {
  const FakeOptions fake;
  const sdk::Options options(fake.raw());
  EXPECT_FALSE(options.Has("size"));
  const sdk::Error error = Caught([&] { options.Integer("size"); });
  EXPECT_EQ(error.code(), MYELIN_ERROR_NOT_FOUND);
  EXPECT_STREQ(error.what(), "orders.yaml:12:7: 'size' is not given");
}

TEST(Options, OneOfAnotherTypeIsNamed) {
  const FakeOptions fake({{"size", {"many", {}}}});
  const sdk::Error error = Caught([&] { sdk::Options(fake.raw()).Integer("size"); });
  EXPECT_EQ(error.code(), MYELIN_ERROR_TYPE);
  EXPECT_THAT(error.what(), HasSubstr("'size' has another type"));
}

TEST(Options, WalksNestedNodes) {
  const FakeOptions fake({{"rules", {"", {{"a", {"1", {}}}, {"b", {"two", {}}}}}}});
  const sdk::Node rules = sdk::Options(fake.raw()).At("rules");
  ASSERT_EQ(rules.Kind(), MYELIN_NODE_MAP);
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules.Key(1), "b");
  EXPECT_EQ(rules[1].Scalar(), "two");
  EXPECT_EQ(rules.Integer("a"), 1);
  EXPECT_FALSE(rules[2]);
  EXPECT_EQ(Caught([&] { rules.Scalar(); }).code(), MYELIN_ERROR_TYPE);
  EXPECT_EQ(rules.Origin(), "orders.yaml:12:7");
}

TEST(OptionTable, RowsCarryTheirSizeAndBounds) {
  static constexpr myelin_option kFields[] = {sdk::Bool("on", "true", "A flag."), sdk::Any("rest", "Anything.")};
  constexpr myelin_option kInteger = sdk::Integer("size", "4", "1", "1000", "So many.");
  constexpr myelin_option kList = sdk::List(sdk::Required(sdk::Choice("mode", nullptr, "a|b", "Which.")));
  constexpr myelin_option kMap = sdk::Map("nested", kFields, "More.");
  EXPECT_EQ(kInteger.struct_size, sizeof(myelin_option));
  EXPECT_EQ(kInteger.type, MYELIN_OPTION_INTEGER);
  EXPECT_STREQ(kInteger.minimum, "1");
  EXPECT_STREQ(kInteger.maximum, "1000");
  EXPECT_EQ(kList.flags, MYELIN_OPTION_REQUIRED | MYELIN_OPTION_LIST);
  EXPECT_STREQ(kList.choices, "a|b");
  EXPECT_EQ(kMap.fields, kFields);
  EXPECT_EQ(kMap.field_count, 2u);
  EXPECT_EQ(kMap.field_stride, sizeof(myelin_option));
}

TEST(Host, ARefusedMetadataKeyThrowsItsName) {
  const FakeHost fake;
  const sdk::Error error = Caught([&] { sdk::Host(fake.raw()).WantMetadata("refused"); });
  EXPECT_EQ(error.code(), MYELIN_ERROR_UNSUPPORTED);
  EXPECT_THAT(error.what(), HasSubstr("'refused'"));
}

TEST(Host, AMetricThatWasNeverAddedTakesNumbersAndForgetsThem) {
  const sdk::Metric metric;
  metric.Add();
  FakeHost fake;
  const sdk::Metric gauge = sdk::Host(fake.raw()).AddGauge("depth", "So deep.");
  gauge.Set(5);
  gauge.Add(2);
  EXPECT_EQ(fake.cell, 7u);
}

TEST(Timer, FiresUntilItEnds) {
  FakeHost fake;
  int fired = 0;
  {
    const sdk::Timer timer(sdk::Host(fake.raw()), std::chrono::seconds(1), [&] { ++fired; });
    EXPECT_EQ(fake.interval_ns, 1'000'000'000u);
    fake.fire();
    fake.fire();
    EXPECT_TRUE(fake.stopped.empty());
  }
  EXPECT_EQ(fired, 2);
  EXPECT_THAT(fake.stopped, testing::ElementsAre(7u));
}

TEST(Timer, LogsWhatItsFunctionThrows) {
  FakeHost fake;
  const sdk::Timer timer(sdk::Host(fake.raw()), std::chrono::seconds(1), [] { throw std::runtime_error("file gone"); });
  fake.fire();
  EXPECT_THAT(fake.logged, testing::ElementsAre("file gone"));
}

TEST(Timer, ARefusedOneThrows) {
  const FakeHost fake;
  const sdk::Host host(fake.raw());
  EXPECT_EQ(Caught([&] { const sdk::Timer timer(host, std::chrono::seconds(0), [] {}); }).code(), MYELIN_ERROR_INVALID);
}

TEST(Report, CutsALongMessageBetweenTwoCharacters) {
  ErrorBuffer buffer(4);
  EXPECT_EQ(sdk::detail::Report(&buffer.error, MYELIN_ERROR_INVALID, "abc\xc3\xa9"), MYELIN_ERROR_INVALID);
  EXPECT_EQ(buffer.Message(), "abc");
}

TEST(Report, LeavesAlonePartsThatTheCallerDoesNotHave) {
  ErrorBuffer buffer;
  buffer.error.struct_size = offsetof(myelin_error, size);
  buffer.error.size = 77;
  EXPECT_EQ(sdk::detail::Report(&buffer.error, MYELIN_ERROR_INVALID, "text"), MYELIN_ERROR_INVALID);
  EXPECT_EQ(buffer.error.size, 77u);
  EXPECT_EQ(buffer.text[0], '#');
}

TEST(Report, NeedsNoBuffer) {
  EXPECT_EQ(sdk::detail::Report(nullptr, MYELIN_ERROR_INVALID, "text"), MYELIN_ERROR_INVALID);
}

TEST(Below, StaysBelowItsBoundAtBothEnds) {
  EXPECT_EQ(sdk::Below(0, 7), 0u);
  EXPECT_EQ(sdk::Below(std::numeric_limits<uint64_t>::max(), 7), 6u);
  EXPECT_EQ(sdk::Below(std::numeric_limits<uint64_t>::max(), 1), 0u);
}

TEST(Plugin, DescribesItselfWithConstantData) {
  const myelin_plugin& plugin = *myelin_plugin_v1();
  EXPECT_EQ(&plugin, myelin_plugin_v1());
  EXPECT_EQ(std::memcmp(&plugin.magic, "MYELIN\0\0", 8), 0);
  EXPECT_EQ(plugin.struct_size, sizeof(myelin_plugin));
  EXPECT_EQ(plugin.abi_major, MYELIN_ABI_MAJOR);
  EXPECT_EQ(plugin.abi_minor_needed, 0u) << "works in every host of this major";
  EXPECT_STREQ(plugin.name, "policies");
  EXPECT_STREQ(plugin.version, "1.2.3");
  EXPECT_STREQ(plugin.license, "Apache-2.0");
  EXPECT_EQ(plugin.policy_count, 7u);
  EXPECT_EQ(plugin.policy_stride, sizeof(myelin_policy));
}

TEST(Plugin, RowsNameTheirInterfaceAndOptions) {
  const myelin_policy& full = PolicyNamed("full");
  EXPECT_STREQ(full.interface_id, MYELIN_BALANCER_1);
  EXPECT_EQ(full.option_count, 2u);
  EXPECT_STREQ(MYELIN_AT(myelin_option, full.options, full.option_stride, 1)->name, "b");
  EXPECT_STREQ(PolicyNamed("bare_pool").interface_id, MYELIN_POOL_1);
  EXPECT_STREQ(PolicyNamed("bare_limiter").interface_id, MYELIN_LIMITER_1);
  EXPECT_EQ(PolicyNamed("bare_limiter").option_count, 0u);
}

}  // namespace
}  // namespace myelin
