// SPDX-License-Identifier: Apache-2.0
//
// What patterns match, and that a hostile value does not make one explode.
#include "access/glob.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace myelin::access {
namespace {

struct GlobCase {
  const char* pattern;
  const char* text;
  bool matches;
};

class GlobMatch : public testing::TestWithParam<GlobCase> {};

TEST_P(GlobMatch, DecidesAsExpected) {
  const GlobCase& c = GetParam();
  EXPECT_EQ(Glob(c.pattern).Matches(c.text), c.matches) << c.pattern << " on " << c.text;
}

INSTANTIATE_TEST_SUITE_P(
    Patterns, GlobMatch,
    testing::Values(GlobCase{"/a.B/Get", "/a.B/Get", true}, GlobCase{"/a.B/Get", "/a.B/Gets", false},
                    GlobCase{"/a.B/Get", "/a.B/Ge", false}, GlobCase{"/a.B/Get", "/a.b/Get", false},
                    GlobCase{"/a.B/*", "/a.B/Get", true}, GlobCase{"/a.B/*", "/a.B/", true},
                    GlobCase{"/a.B/*", "/a.Bc/Get", false}, GlobCase{"*", "", true}, GlobCase{"*", "/x/y", true},
                    GlobCase{"*/Get", "/a.B/Get", true}, GlobCase{"*/Get", "/a.B/GetAll", false},
                    GlobCase{"/*/Get", "/a.B/Get", true}, GlobCase{"a?c", "abc", true}, GlobCase{"a?c", "ac", false},
                    GlobCase{"a*b*c", "a--b--b--c", true}, GlobCase{"a*b*c", "a--c--b", false},
                    GlobCase{"**", "x", true}, GlobCase{"a*", "ba", false}, GlobCase{"?", "", false},
                    GlobCase{"a.c", "abc", false}));

TEST(Glob, EmptyAndLongPatternsAreRefused) {
  EXPECT_THROW(Glob(""), std::invalid_argument);
  EXPECT_NO_THROW(Glob(std::string(256, 'a')));
  EXPECT_THROW(Glob(std::string(257, 'a')), std::invalid_argument);
}

TEST(Glob, ManyStarsOnALongValueStayPolynomial) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "*a";
  EXPECT_FALSE(Glob(pattern + "*b").Matches(std::string(8192, 'a')));
}

}  // namespace
}  // namespace myelin::access
