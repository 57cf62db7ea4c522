// SPDX-License-Identifier: Apache-2.0
//
// How errors are collected and worded, and the tree they point into.
#include "base/diagnostics.h"

#include <gtest/gtest.h>

#include <array>

namespace myelin {
namespace {

constexpr std::array<std::string_view, 4> kWords{"random_weight", "min_conn", "to", "timeouts"};

TEST(Diagnostics, WarningsAreNoErrors) {
  Diagnostics diagnostics;
  diagnostics.Warning({"a.yaml", 1, 2}, "odd");
  EXPECT_FALSE(diagnostics.HasErrors());
  diagnostics.Error({"a.yaml", 3, 4}, "wrong");
  EXPECT_TRUE(diagnostics.HasErrors());
  ASSERT_EQ(diagnostics.all().size(), 2u);
  EXPECT_EQ(diagnostics.all()[0].ToString(), "a.yaml:1:2: warning: odd");
  EXPECT_EQ(diagnostics.all()[1].ToString(), "a.yaml:3:4: error: wrong");
}

TEST(Diagnostics, AnOriginWithoutALineIsItsSource) { EXPECT_EQ((Origin{"--listen", 0, 0}).ToString(), "--listen"); }

TEST(Diagnostics, ControlCharactersDoNotReachTheTerminal) {
  const Diagnostic diagnostic{Diagnostic::Severity::kError, {"a\x1b[2J", 1, 1}, "x\ny"};
  EXPECT_EQ(diagnostic.ToString(), "a?[2J:1:1: error: x?y");
}

TEST(Diagnostics, AStartupErrorSaysAllOfThem) {
  const StartupError error(
      {{Diagnostic::Severity::kError, {"a", 1, 1}, "x"}, {Diagnostic::Severity::kWarning, {"b", 0, 0}, "y"}});
  EXPECT_STREQ(error.what(), "a:1:1: error: x\nb: warning: y");
}

TEST(NearestSpelling, FindsSlips) {
  EXPECT_EQ(NearestSpelling("min_con", kWords), "min_conn");
  EXPECT_EQ(NearestSpelling("randomWeight", kWords), "random_weight");
  EXPECT_EQ(NearestSpelling("timeuots", kWords), "timeouts");
  EXPECT_EQ(NearestSpelling("TO", kWords), "to");
}

TEST(NearestSpelling, LeavesOtherWordsAlone) {
  EXPECT_EQ(NearestSpelling("round_robin", kWords), "");
  EXPECT_EQ(NearestSpelling("xy", kWords), "");
  EXPECT_EQ(NearestSpelling("", kWords), "");
  EXPECT_EQ(NearestSpelling(std::string(1 << 20, 'x'), kWords), "");
}

TEST(Quoted, EscapesAndCutsShort) {
  EXPECT_EQ(Quoted("plain"), "'plain'");
  EXPECT_EQ(Quoted("a\nb\x01"), "'a\\nb\\x01'");
  EXPECT_EQ(Quoted(std::string(200, 'x')), "'" + std::string(80, 'x') + "…'");
  // 'µ' is two bytes; the cut must not halve it.
  EXPECT_EQ(Quoted(std::string(79, 'x') + "µµ"), "'" + std::string(79, 'x') + "…'");
}

TEST(Node, SetReplacesInPlaceAndKeepsTheOrder) {
  Node map;
  map.Set("a", Node::Scalar("1"));
  map.Set("b", Node::Scalar("2"));
  map.Set("a", Node::Scalar("3"));
  ASSERT_EQ(map.entries.size(), 2u);
  EXPECT_EQ(map.entries[0].key, "a");
  EXPECT_EQ(map.Find("a")->scalar, "3");
  EXPECT_EQ(map.Find("c"), nullptr);
}

}  // namespace
}  // namespace myelin
