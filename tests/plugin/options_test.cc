// SPDX-License-Identifier: Apache-2.0
#include "plugin/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <myelin/status.h>

#include <string>
#include <utility>
#include <vector>

namespace myelin {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr myelin_option Row(const char* name, uint32_t type, const char* value = nullptr, uint32_t flags = 0) {
  myelin_option row{};
  row.struct_size = sizeof(row);
  row.name = name;
  row.type = type;
  row.default_value = value;
  row.flags = flags;
  row.field_stride = sizeof(myelin_option);
  return row;
}

constexpr myelin_option Ranged(myelin_option row, const char* minimum, const char* maximum) {
  row.minimum = minimum;
  row.maximum = maximum;
  return row;
}

constexpr myelin_option Choice(const char* name, const char* value, const char* choices) {
  myelin_option row = Row(name, MYELIN_OPTION_CHOICE, value);
  row.choices = choices;
  return row;
}

template <uint32_t kCount>
constexpr myelin_option Map(const char* name, const myelin_option (&fields)[kCount], uint32_t flags = 0) {
  myelin_option row = Row(name, MYELIN_OPTION_MAP, nullptr, flags);
  row.fields = fields;
  row.field_count = kCount;
  return row;
}

constexpr myelin_option kRuleFields[] = {Row("method", MYELIN_OPTION_STRING, nullptr, MYELIN_OPTION_REQUIRED),
                                         Row("limit", MYELIN_OPTION_INTEGER, "5")};
constexpr myelin_option kTable[] = {
    Ranged(Row("size", MYELIN_OPTION_INTEGER, "4"), "1", "64"),
    Ranged(Row("rate", MYELIN_OPTION_NUMBER, "0.5"), "0.1", nullptr),
    Ranged(Row("idle", MYELIN_OPTION_DURATION, "10s"), nullptr, "1h"),
    Row("bytes", MYELIN_OPTION_SIZE, "64KiB"),
    Row("eager", MYELIN_OPTION_BOOL, "false"),
    Row("key", MYELIN_OPTION_STRING),
    Choice("full", "reject", "reject|delay"),
    Row("hosts", MYELIN_OPTION_STRING, "[a, b]", MYELIN_OPTION_LIST),
    Map("rules", kRuleFields, MYELIN_OPTION_LIST),
    Row("labels", MYELIN_OPTION_MAP),
    Row("extra", MYELIN_OPTION_ANY),
};
const OptionTable kOptions(kTable, std::size(kTable), sizeof(myelin_option));

Node Value(const std::string& text, int column = 9) { return Node::Scalar(text, {"orders.yaml", 12, column}); }

// What a user wrote under the policy's name.
Node User(const std::vector<std::pair<std::string, Node>>& entries) {
  Node map = Node::Map({"orders.yaml", 11, 5});
  for (const auto& [key, value] : entries) {
    map.Set(key, value);
    map.entries.back().key_origin = {"orders.yaml", 12, 7};
  }
  return map;
}

Node ListOf(std::vector<Node> items) {
  Node list = Node::List({"orders.yaml", 12, 9});
  list.items = std::move(items);
  return list;
}

class OptionsTest : public ::testing::Test {
 protected:
  bool Check(const Node& user, const OptionTable& table = kOptions) {
    return CheckOptions(table, user, diagnostics_, checked_);
  }
  std::vector<std::string> Errors() const {
    std::vector<std::string> errors;
    for (const Diagnostic& diagnostic : diagnostics_.all()) errors.push_back(diagnostic.ToString());
    return errors;
  }
  int64_t Integer(const char* name, const myelin_node* map = nullptr) const {
    int64_t out = -99;
    EXPECT_EQ(abi().get_integer(map != nullptr ? map : abi().root, name, &out), MYELIN_OK) << name;
    return out;
  }
  std::string Text(const char* name, const myelin_node* map = nullptr) const {
    myelin_string out{};
    EXPECT_EQ(abi().get_string(map != nullptr ? map : abi().root, name, &out), MYELIN_OK) << name;
    return {out.data, out.size};
  }
  const myelin_options& abi() const { return *checked_.abi(); }

  Diagnostics diagnostics_;
  CheckedOptions checked_;
};

TEST_F(OptionsTest, DefaultsAreFilledIn) {
  ASSERT_TRUE(Check(Node()));
  EXPECT_EQ(Integer("size"), 4);
  EXPECT_EQ(Integer("idle"), 10'000'000'000);
  EXPECT_EQ(Integer("bytes"), 65536);
  EXPECT_EQ(Integer("eager"), 0);
  EXPECT_EQ(Text("full"), "reject");
  double rate = 0;
  EXPECT_EQ(abi().get_number(abi().root, "rate", &rate), MYELIN_OK);
  EXPECT_DOUBLE_EQ(rate, 0.5);
  const myelin_node* hosts = abi().get_node(abi().root, "hosts");
  ASSERT_EQ(abi().count(hosts), 2u);
  myelin_string second{};
  ASSERT_EQ(abi().scalar(abi().at(hosts, 1), &second), MYELIN_OK);
  EXPECT_EQ(std::string(second.data, second.size), "b");
}

TEST_F(OptionsTest, WhatTheUserWroteWins) {
  ASSERT_TRUE(
      Check(User({{"size", Value("64")}, {"idle", Value("1h")}, {"eager", Value("true")}, {"key", Value("x")}})));
  EXPECT_EQ(Integer("size"), 64);
  EXPECT_EQ(Integer("idle"), 3'600'000'000'000);
  EXPECT_EQ(Integer("eager"), 1);
  EXPECT_EQ(Text("idle"), "1h");
  EXPECT_EQ(Text("key"), "x");
}

TEST_F(OptionsTest, GettersTellAbsenceFromAnotherType) {
  ASSERT_TRUE(Check(User({{"hosts", Value("a")}})));
  int64_t integer = 7;
  myelin_string text{};
  double number = 7;
  EXPECT_EQ(abi().get_integer(abi().root, "key", &integer), MYELIN_ERROR_NOT_FOUND);
  EXPECT_EQ(abi().get_integer(abi().root, "rate", &integer), MYELIN_ERROR_TYPE);
  EXPECT_EQ(abi().get_integer(abi().root, "hosts", &integer), MYELIN_ERROR_TYPE);
  EXPECT_EQ(abi().get_string(abi().root, "hosts", &text), MYELIN_ERROR_TYPE);
  EXPECT_EQ(abi().get_integer(nullptr, "size", &integer), MYELIN_ERROR_NOT_FOUND);
  EXPECT_EQ(integer, 7);
  EXPECT_EQ(abi().get_number(abi().root, "size", &number), MYELIN_OK);
  EXPECT_DOUBLE_EQ(number, 4);
  EXPECT_EQ(abi().kind(nullptr), MYELIN_NODE_NULL);
  EXPECT_EQ(abi().count(nullptr), 0u);
  EXPECT_EQ(abi().at(abi().root, 1000), nullptr);
  EXPECT_EQ(abi().key_at(abi().root, 1000, &text), MYELIN_ERROR_NOT_FOUND);
}

TEST_F(OptionsTest, OriginsReachThePolicy) {
  ASSERT_TRUE(Check(User({{"size", Value("5")}})));
  myelin_string origin{};
  ASSERT_EQ(abi().origin(abi().get_node(abi().root, "size"), &origin), MYELIN_OK);
  EXPECT_EQ(std::string(origin.data, origin.size), "orders.yaml:12:9");
  ASSERT_EQ(abi().origin(abi().get_node(abi().root, "idle"), &origin), MYELIN_OK);
  EXPECT_EQ(std::string(origin.data, origin.size), "default");
}

TEST_F(OptionsTest, UnknownKeyNamesTheNearest) {
  EXPECT_FALSE(Check(User({{"sizee", Value("5")}})));
  EXPECT_THAT(Errors(), ElementsAre(AllOf(HasSubstr("orders.yaml:12:7: error: unknown option 'sizee'"),
                                          HasSubstr("did you mean 'size'?"), HasSubstr("rate, idle"))));
}

TEST_F(OptionsTest, WrongTypesSayWhatIsAccepted) {
  EXPECT_FALSE(Check(User({{"size", Value("many")},
                           {"rate", Value("fast")},
                           {"idle", Value("10")},
                           {"bytes", Value("big")},
                           {"eager", Value("perhaps")},
                           {"key", ListOf({})}})));
  EXPECT_THAT(
      Errors(),
      ElementsAre("orders.yaml:12:9: error: size: 'many' is not a whole number such as 16 (from 1 to 64)",
                  "orders.yaml:12:9: error: rate: 'fast' is not a number such as 0.5 (at least 0.1)",
                  "orders.yaml:12:9: error: idle: '10' is not a duration such as 250ms, 10s or 1h30m (at most 1h)",
                  "orders.yaml:12:9: error: bytes: 'big' is not a size such as 512, 64KiB or 4MiB",
                  "orders.yaml:12:9: error: eager: 'perhaps' is not true or false",
                  "orders.yaml:12:9: error: key: a list is given, accepted is a single value"));
}

TEST_F(OptionsTest, OutOfRangeNamesTheRange) {
  EXPECT_FALSE(Check(User({{"size", Value("0")}, {"rate", Value("0.01")}, {"idle", Value("2h")}})));
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("size: 0 is out of range, accepted is from 1 to 64"),
                                    HasSubstr("rate: 0.01 is out of range, accepted is at least 0.1"),
                                    HasSubstr("idle: 2h is out of range, accepted is at most 1h")));
}

TEST_F(OptionsTest, LargeIntegersAreComparedExactly) {
  constexpr myelin_option kBig[] = {Ranged(Row("big", MYELIN_OPTION_INTEGER), nullptr, "9007199254740992")};
  EXPECT_FALSE(Check(User({{"big", Value("9007199254740993")}}), OptionTable(kBig, 1, sizeof(myelin_option))));
  EXPECT_FALSE(Check(User({{"big", Value("9223372036854775808")}}), OptionTable(kBig, 1, sizeof(myelin_option))));
}

TEST_F(OptionsTest, ChoiceIsOneOfItsWords) {
  EXPECT_FALSE(Check(User({{"full", Value("rejct")}})));
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("full: 'rejct' is none of reject, delay, did you mean 'reject'?")));
}

TEST_F(OptionsTest, RequiredOptionMustBeGiven) {
  constexpr myelin_option kNeedy[] = {Row("file", MYELIN_OPTION_STRING, nullptr, MYELIN_OPTION_REQUIRED)};
  EXPECT_FALSE(Check(User({}), OptionTable(kNeedy, 1, sizeof(myelin_option))));
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("orders.yaml:11:5: error: option 'file' is missing")));
}

TEST_F(OptionsTest, SingleValueCountsAsAListOfOne) {
  ASSERT_TRUE(Check(User({{"hosts", Value("only")}})));
  const myelin_node* hosts = abi().get_node(abi().root, "hosts");
  EXPECT_EQ(abi().kind(hosts), MYELIN_NODE_LIST);
  EXPECT_EQ(abi().count(hosts), 1u);
}

TEST_F(OptionsTest, NestedMapsAreCheckedByTheirFields) {
  const Node good = User({{"method", Value("Get")}});
  const Node bad = User({{"metod", Value("Get")}, {"limit", Value("x")}});
  EXPECT_FALSE(Check(User({{"rules", ListOf({good, bad})}})));
  EXPECT_THAT(Errors(), ElementsAre(AllOf(HasSubstr("unknown option 'rules[1].metod'"), HasSubstr("'method'")),
                                    HasSubstr("option 'rules[1].method' is missing"),
                                    HasSubstr("rules[1].limit: 'x' is not a whole number")));
}

TEST_F(OptionsTest, NestedDefaultsAreFilledIn) {
  ASSERT_TRUE(Check(User({{"rules", User({{"method", Value("Get")}})}})));
  const myelin_node* rule = abi().at(abi().get_node(abi().root, "rules"), 0);
  ASSERT_EQ(abi().kind(rule), MYELIN_NODE_MAP);
  EXPECT_EQ(Text("method", rule), "Get");
  EXPECT_EQ(Integer("limit", rule), 5);
}

TEST_F(OptionsTest, FreeMapTakesAnyKeysWithSingleValues) {
  ASSERT_TRUE(Check(User({{"labels", User({{"zone", Value("b")}, {"port", Value("80")}})}})));
  const myelin_node* labels = abi().get_node(abi().root, "labels");
  myelin_string key{};
  ASSERT_EQ(abi().key_at(labels, 0, &key), MYELIN_OK);
  EXPECT_EQ(std::string(key.data, key.size), "zone");
  EXPECT_EQ(Integer("port", labels), 80);
  EXPECT_FALSE(Check(User({{"labels", User({{"zone", ListOf({})}})}})));
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("labels.zone: a list is given, accepted is a single value")));
}

TEST_F(OptionsTest, AnyKeepsTheUsersTree) {
  ASSERT_TRUE(Check(User({{"extra", ListOf({Value("1"), User({{"deep", Value("x")}})})}})));
  const myelin_node* extra = abi().get_node(abi().root, "extra");
  EXPECT_EQ(abi().kind(abi().at(extra, 0)), MYELIN_NODE_SCALAR);
  EXPECT_EQ(Text("deep", abi().at(extra, 1)), "x");
}

TEST_F(OptionsTest, OptionsThatAreNoMapAreRefused) {
  EXPECT_FALSE(Check(Value("4")));
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("options are a map such as {name: value}, not '4'; accepted are size")));
}

TEST_F(OptionsTest, EmptyValueAndPolicyWithoutOptionsAreSaidSo) {
  EXPECT_FALSE(Check(User({{"size", Value("4")}}), OptionTable()));
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("'size': this policy takes no options")));
  diagnostics_ = Diagnostics();
  EXPECT_FALSE(Check(User({{"size", Node()}})));
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("size: nothing is given, accepted is a whole number")));
}

TEST_F(OptionsTest, RowsOfANewerSdkAreSteppedOverByTheirStride) {
  struct NewerRow {
    myelin_option known;
    const char* more[3];
  };
  NewerRow rows[2] = {{Row("a", MYELIN_OPTION_INTEGER, "1"), {}}, {Row("b", MYELIN_OPTION_INTEGER, "2"), {}}};
  rows[0].known.struct_size = rows[1].known.struct_size = sizeof(NewerRow);
  ASSERT_TRUE(Check(Node(), OptionTable(&rows[0].known, 2, sizeof(NewerRow))));
  EXPECT_EQ(Integer("b"), 2);
}

TEST_F(OptionsTest, EffectiveTreeShowsDefaultsAndTheirOrigin) {
  ASSERT_TRUE(Check(User({{"size", Value("9")}})));
  const Node effective = checked_.Effective();
  ASSERT_NE(effective.Find("size"), nullptr);
  EXPECT_EQ(effective.Find("size")->scalar, "9");
  EXPECT_EQ(effective.Find("size")->origin.line, 12);
  EXPECT_EQ(effective.Find("idle")->scalar, "10s");
  EXPECT_EQ(effective.Find("idle")->origin.ToString(), "default");
  EXPECT_EQ(effective.Find("hosts")->items.size(), 2u);
  EXPECT_EQ(effective.Find("key"), nullptr);
}

TEST_F(OptionsTest, StaysAtItsAddressWhenMoved) {
  ASSERT_TRUE(Check(Node()));
  const myelin_options* before = checked_.abi();
  const CheckedOptions moved = std::move(checked_);
  EXPECT_EQ(moved.abi(), before);
  int64_t size = 0;
  EXPECT_EQ(before->get_integer(before->root, "size", &size), MYELIN_OK);
}

}  // namespace
}  // namespace myelin
