// SPDX-License-Identifier: Apache-2.0
//
// Which key is found, and that the search never ends early.
#include "access/key_ring.h"

#include <gtest/gtest.h>

namespace myelin::access {
namespace {

std::vector<ApiKey> Keys(int count) {
  std::vector<ApiKey> keys;
  for (int i = 0; i < count; ++i) keys.push_back({"name" + std::to_string(i), "secret-key-" + std::to_string(i)});
  return keys;
}

TEST(KeyRing, FindsEachKeyAndNothingElse) {
  const KeyRing ring(Keys(20));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(ring.Find("secret-key-" + std::to_string(i)).index, i);
    EXPECT_EQ(ring.Name(i), "name" + std::to_string(i));
  }
  for (const char* wrong :
       {"", "s", "secret-key-", "secret-key-20", "secret-key-1 ", "Secret-key-1", "secret-key-11111"}) {
    EXPECT_EQ(ring.Find(wrong).index, KeyRing::kUnknown) << wrong;
  }
}

TEST(KeyRing, PaddingIsNotPartOfAKey) {
  const KeyRing ring({{"a", "abc"}, {"b", "abcdefghijkl"}});
  using std::string_literals::operator""s;
  EXPECT_EQ(ring.Find("abc\0"s).index, KeyRing::kUnknown);
  EXPECT_EQ(ring.Find("abc\0\0\0\0\0"s).index, KeyRing::kUnknown);
  EXPECT_EQ(ring.Find("abc").index, 0);
}

TEST(KeyRing, EveryBitOfAKeyCounts) {
  const std::string key(256, 'k');
  const KeyRing ring({{"a", key}});
  EXPECT_EQ(ring.Find(key).index, 0);
  for (size_t i = 0; i < key.size(); ++i) {
    std::string wrong = key;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    EXPECT_EQ(ring.Find(wrong).index, KeyRing::kUnknown) << i;
  }
}

TEST(KeyRing, KeyThatOnlyBeginsLikeALongerOneIsNotIt) {
  const KeyRing ring({{"a", std::string(256, 'k')}, {"b", "kkkkkkkk"}});
  EXPECT_EQ(ring.Find(std::string(255, 'k')).index, KeyRing::kUnknown);
  EXPECT_EQ(ring.Find(std::string(257, 'k')).index, KeyRing::kUnknown);
  EXPECT_EQ(ring.Find(std::string(100'000, 'k')).index, KeyRing::kUnknown);
  EXPECT_EQ(ring.Find("kkkkkkkk").index, 1);
}

TEST(KeyRing, AllKeysAreComparedWhicheverMatches) {
  const KeyRing ring(Keys(100));
  for (const char* presented : {"secret-key-0", "secret-key-50", "secret-key-99", "unknown", ""}) {
    EXPECT_EQ(ring.Find(presented).compared, 100u) << presented;
  }
}

TEST(KeyRing, NamesAreLookedUpForRules) {
  const KeyRing ring(Keys(3));
  EXPECT_TRUE(ring.HasName("name2"));
  EXPECT_FALSE(ring.HasName("name3"));
}

}  // namespace
}  // namespace myelin::access
