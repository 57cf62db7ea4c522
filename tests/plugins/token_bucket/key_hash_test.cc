// SPDX-License-Identifier: Apache-2.0
//
// SipHash against the vectors of its reference implementation: key 00 01 … 0f, text 00 01 … n-1.
#include "token_bucket/key_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace myelin::token_bucket {
namespace {

constexpr HashSeed kVectorSeed{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string Counting(size_t length) {
  std::string text;
  for (size_t i = 0; i < length; ++i) text.push_back(static_cast<char>(i));
  return text;
}

TEST(SipHash, MatchesTheReferenceVectors) {
  EXPECT_EQ(SipHash(kVectorSeed, Counting(0)), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(SipHash(kVectorSeed, Counting(1)), 0x74f839c593dc67fdu);
  EXPECT_EQ(SipHash(kVectorSeed, Counting(8)), 0x93f5f5799a932462u);
  EXPECT_EQ(SipHash(kVectorSeed, Counting(15)), 0xa129ca6149be45e5u);
}

TEST(SipHash, SeedsOfTwoInstancesDiffer) {
  const HashSeed first = RandomSeed();
  const HashSeed second = RandomSeed();
  EXPECT_NE(SipHash(first, "tenant"), SipHash(second, "tenant"));
}

}  // namespace
}  // namespace myelin::token_bucket
