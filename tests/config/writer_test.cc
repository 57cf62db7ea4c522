// SPDX-License-Identifier: Apache-2.0
//
// Node to text: what is written reads back as the same tree.
#include "config/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/yaml.h"

namespace myelin {
namespace {

std::string Again(const std::string& text) {
  Diagnostics diagnostics;
  const Node root = ParseYaml(text, "a", diagnostics).value_or(Node{});
  return WriteYaml(root);
}

TEST(WriteYaml, PlainWordsStayPlainAndTheRestIsQuoted) {
  const std::string text =
      "plain: 10.0.0.1:50051#10\n"
      "colon: :30880\n"
      "number: -5\n"
      "quoted_number: \"5\"\n"
      "hash: \"a # b\"\n"
      "null_word: \"null\"\n"
      "nothing: null\n"
      "empty: \"\"\n"
      "bracket: \"[::1]:5\"\n"
      "lines: \"a\\nb\\x01\\\"\\\\\"\n"
      "space: \" a \"\n"
      "\"odd: key\": 1\n"
      "\"<<\": 2\n"
      "list:\n  - a\n  - - b\n    - c\n  - k: 1\n    l: {}\n  - []\n";
  EXPECT_EQ(Again(text), Again(Again(text)));
  EXPECT_THAT(Again(text), testing::HasSubstr("plain: 10.0.0.1:50051#10\ncolon: :30880\nnumber: -5\n"));
  EXPECT_THAT(Again(text), testing::HasSubstr("quoted_number: \"5\"\n"));
  EXPECT_THAT(Again(text), testing::HasSubstr("list:\n  - a\n  - - b\n    - c\n  - k: 1\n    l: {}\n  - []\n"));
}

TEST(WriteYaml, OriginsStandBehindTheValues) {
  Node map = Node::Map();
  map.Set("level", Node::Scalar("debug", {"--log-level", 0, 0}));
  map.Set("file", Node::Scalar("x", {"c\nevil: 1", 2, 3}));
  EXPECT_EQ(WriteYaml(map, OriginComments::kYes), "level: debug" + std::string(32, ' ') + "# --log-level\nfile: x" +
                                                      std::string(37, ' ') + "# c evil: 1:2:3\n");
}

TEST(WriteJson, TypesFollowFromTheText) {
  Diagnostics diagnostics;
  const Node root =
      *ParseYaml("{a: 1, b: '1', c: true, d: 0.5, e: 10s, f: [x, null], g: {}, h: nan, i: []}", "a", diagnostics);
  EXPECT_EQ(WriteJson(root), R"({
  "a": 1,
  "b": "1",
  "c": true,
  "d": 0.5,
  "e": "10s",
  "f": [
    "x",
    null
  ],
  "g": {},
  "h": "nan",
  "i": []
}
)");
}

TEST(WriteJson, OriginsAreKeyedByPath) {
  Diagnostics diagnostics;
  const Node root = *ParseYaml("{a: [{b: 1}]}", "f", diagnostics);
  EXPECT_THAT(WriteJsonWithOrigins(root), testing::HasSubstr("\"a[0].b\": \"f:1:10\""));
}

}  // namespace
}  // namespace myelin
