// SPDX-License-Identifier: Apache-2.0
//
// YAML to Node: places, quotes, duplicates, anchors, and texts that mean harm.
#include "config/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "config/writer.h"
#include "loading.h"

namespace myelin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Yaml : public testing::Test {
 protected:
  Node Parse(const std::string& text) {
    diagnostics_ = Diagnostics();
    return ParseYaml(text, "a.yaml", diagnostics_).value_or(Node{});
  }
  std::vector<std::string> Errors() const { return Messages(diagnostics_, Diagnostic::Severity::kError); }
  std::string OnlyError(const std::string& text) {
    Parse(text);
    return Errors().size() == 1 ? Errors()[0] : std::to_string(Errors().size()) + " errors";
  }

  Diagnostics diagnostics_;
};

TEST_F(Yaml, EveryValueAndKeyKnowsItsPlace) {
  const Node root = Parse("a: 1\nlist:\n  - x\n  - {b: 2}\n");
  ASSERT_THAT(Errors(), IsEmpty());
  EXPECT_EQ(root.Find("a")->origin.ToString(), "a.yaml:1:4");
  EXPECT_EQ(root.entries[1].key_origin.ToString(), "a.yaml:2:1");
  EXPECT_EQ(root.Find("list")->items[0].origin.ToString(), "a.yaml:3:5");
  EXPECT_EQ(root.Find("list")->items[1].Find("b")->origin.ToString(), "a.yaml:4:9");
}

TEST_F(Yaml, AValueLeftOutIsWhereItsKeyIs) {
  const Node root = Parse("a:\nb: 1\n");
  EXPECT_TRUE(root.Find("a")->IsNull());
  EXPECT_EQ(root.Find("a")->origin.ToString(), "a.yaml:1:1");
}

TEST_F(Yaml, QuotesAreRemembered) {
  const Node root = Parse("a: '10'\nb: 10\nc: \"x\"\nd: |\n  text\ne: !!str 5\nf: 'null'\ng: null\n");
  EXPECT_TRUE(root.Find("a")->quoted);
  EXPECT_FALSE(root.Find("b")->quoted);
  EXPECT_TRUE(root.Find("c")->quoted);
  EXPECT_TRUE(root.Find("d")->quoted);
  EXPECT_TRUE(root.Find("e")->quoted);
  EXPECT_TRUE(root.Find("f")->IsScalar());
  EXPECT_TRUE(root.Find("g")->IsNull());
}

TEST_F(Yaml, ColonsInPlainAddressesNeedNoQuotes) {
  const Node root = Parse("listen: :30880\nlist: [:1, 10.0.0.1:50051#10, '[::1]:5']\n");
  EXPECT_EQ(root.Find("listen")->scalar, ":30880");
  EXPECT_EQ(root.Find("list")->items[0].scalar, ":1");
  EXPECT_EQ(root.Find("list")->items[1].scalar, "10.0.0.1:50051#10");
}

TEST_F(Yaml, ADuplicateKeyNamesBothPlaces) {
  EXPECT_EQ(OnlyError("a: 1\nb: 2\n'a': 3\n"),
            "a.yaml:3:1: error: key 'a' is given twice, first at a.yaml:1:1; accepted: once");
}

TEST_F(Yaml, SyntaxErrorsHaveAPlace) {
  EXPECT_THAT(OnlyError("a: 1\nb: c: d\n"), HasSubstr("a.yaml:2:5: error: not valid YAML: illegal map value"));
  EXPECT_THAT(OnlyError("a: [1, 2\nb: 3\n"), HasSubstr("error: not valid YAML"));
  EXPECT_THAT(OnlyError("a: *nope\n"), HasSubstr("a.yaml:1:"));
}

TEST_F(Yaml, AliasesStandForTheirAnchors) {
  const Node root = Parse("a: &x {k: 1}\nb: *x\n");
  ASSERT_THAT(Errors(), IsEmpty());
  EXPECT_EQ(root.Find("b")->Find("k")->scalar, "1");
  EXPECT_EQ(root.Find("b")->Find("k")->origin.line, 1);
}

TEST_F(Yaml, MergesYieldToTheMapsOwnKeysAndToEarlierMaps) {
  const Node root = Parse(
      "a: &a {k: 1, l: 1}\nb: &b {k: 2, m: 2}\n"
      "one: {<<: *a, k: 9}\ntwo:\n  <<: [*a, *b]\n  n: 3\n");
  ASSERT_THAT(Errors(), IsEmpty());
  EXPECT_EQ(WriteYaml(*root.Find("one")), "k: 9\nl: 1\n");
  EXPECT_EQ(WriteYaml(*root.Find("two")), "n: 3\nk: 1\nl: 1\nm: 2\n");
}

TEST_F(Yaml, OnlyMapsMerge) {
  EXPECT_THAT(OnlyError("a: {<<: 5}\n"), HasSubstr("a.yaml:1:9: error: '<<' merges maps"));
}

TEST_F(Yaml, EmptyAndSecondDocumentsAreErrors) {
  EXPECT_EQ(OnlyError(""), "a.yaml: error: is empty; accepted: a YAML document");
  EXPECT_EQ(OnlyError("# nothing\n"), "a.yaml: error: is empty; accepted: a YAML document");
  EXPECT_EQ(OnlyError("a: 1\n---\nb: 2\n"), "a.yaml:2:1: error: a second document starts here; accepted: one");
  Parse("---\na: 1\n...\n");
  EXPECT_THAT(Errors(), IsEmpty());
}

TEST_F(Yaml, KeysAreWordsAndTagsMeanNothing) {
  EXPECT_THAT(OnlyError("? [a, b]\n: 1\n"), HasSubstr("a.yaml:1:3: error: a key must be a word"));
  EXPECT_THAT(OnlyError("a: !secret x\n"), HasSubstr("a.yaml:1:4: error: tag '!secret'"));
}

TEST_F(Yaml, BinaryIsNoText) {
  EXPECT_THAT(OnlyError(std::string("a: 1\nb: \0\n", 10)), HasSubstr("a.yaml:2:4: error: not a text file"));
  EXPECT_THAT(OnlyError("a: \xff\xfe\n"), HasSubstr("a.yaml:1:4: error: not a text file"));
  EXPECT_THAT(OnlyError(std::string("\x7f") + "ELF\x02\x01\x01" + std::string(9, '\0')), HasSubstr("not a text file"));
}

TEST_F(Yaml, AnAliasBombIsRefusedBeforeItGrows) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias;
    for (int k = 0; k < 8; ++k) text += ", " + alias;
    text += "]\n";
  }
  EXPECT_THAT(OnlyError(text), HasSubstr("more than 100000 values"));
}

TEST_F(Yaml, AnAliasOfItselfIsRefused) { EXPECT_THAT(OnlyError("a: &a [1, *a]\n"), HasSubstr("a.yaml:1:11: error: ")); }

TEST_F(Yaml, AliasesDoNotNestBeyondTheBound) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 100; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  }
  EXPECT_THAT(OnlyError(text), HasSubstr("nest"));
}

TEST_F(Yaml, DeepNestingIsRefused) {
  EXPECT_THAT(OnlyError(std::string(65, '[') + std::string(65, ']')),
              HasSubstr("a.yaml:1:65: error: values nest deeper"));
  Parse(std::string(64, '[') + std::string(64, ']'));
  EXPECT_THAT(Errors(), IsEmpty());
  for (const char* opening : {"[", "{", "- ", "{a: ", "? ", "[{", "&a [", "!!seq ["}) {
    std::string text;
    while (text.size() < 50'000) text += opening;
    Parse(text);
    EXPECT_EQ(Errors().size(), 1u) << opening;
  }
}

TEST_F(Yaml, HugeScalarsAreReadAndHugeFilesRefused) {
  const std::string huge(1 << 20, 'x');
  EXPECT_EQ(Parse("a: " + huge).Find("a")->scalar.size(), huge.size());
  EXPECT_EQ(Parse("a: \"" + huge + "\"").Find("a")->scalar.size(), huge.size());
  EXPECT_THAT(OnlyError(std::string(5u << 20, 'x')), HasSubstr("more than 4 MiB"));
}

TEST_F(Yaml, ManyKeysAreReadInTime) {
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(Parse(text).entries.size(), 40'000u);
}

TEST_F(Yaml, MangledTextNeverCrashes) {
  const std::string good = "proxies:\n  - &a {name: x, l: [1, 'b', \"c\"]}\n  - <<: *a\n    t: |\n      text\n...\n";
  const std::string alphabet = "{}[]:,&*!|>'\"%@`#-? \n\tab\\<~\x80\xc3";
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    for (int i = 0; i < 4; ++i) text[random() % text.size()] = alphabet[random() % alphabet.size()];
    const Node root = Parse(text);
    // Either there is a tree, and it can be written, or there is an error that says why.
    EXPECT_TRUE(!WriteYaml(root).empty() && (!root.IsNull() || !Errors().empty())) << text;
  }
}

TEST_F(Yaml, FilesThatCannotBeReadSayWhy) {
  ReadYamlFile("/nonexistent/c.yaml", diagnostics_);
  ReadYamlFile("/", diagnostics_);
  EXPECT_THAT(Errors(), ElementsAre("/nonexistent/c.yaml: error: cannot be read: No such file or directory",
                                    "/: error: is a directory; accepted: a YAML file"));
}

}  // namespace
}  // namespace myelin
