// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/grpc_text.h"

#include <gtest/gtest.h>
#include <myelin/status.h>

#include <string>
#include <vector>

#include "pump/frame/allowance.h"
#include "pump/frame/message_cursor.h"

namespace myelin::frame {
namespace {

TEST(GrpcTimeout, IsDigitsAndAUnit) {
  EXPECT_EQ(ParseTimeout("20S"), 20'000'000'000u);
  EXPECT_EQ(ParseTimeout("1n"), 1u);
  for (const char* wrong : {"", "S", "20", "20s", "-1S", "1.5S", "123456789S", "soon", " 1S"}) {
    EXPECT_EQ(ParseTimeout(wrong), std::nullopt) << wrong;
  }
}

TEST(GrpcTimeout, OfCenturiesIsLongAndNotWrappedAround) {
  constexpr uint64_t kSixtyYears = 60 * 365 * 24 * uint64_t{3'600'000'000'000};
  for (const char* text : {"99999999H", "5124096H", "99999999M"}) EXPECT_GT(ParseTimeout(text).value(), kSixtyYears);
  EXPECT_LT(ParseTimeout("99999999H").value(), UINT64_MAX / 2);
}

TEST(GrpcTimeout, IsWrittenInAtMostEightDigitsAndNeverLonger) {
  for (uint64_t ns : {1ull, 999ull, 99'999'999ull, 100'000'000ull, 19'999'999'999ull, 86'400'000'000'001ull}) {
    const std::string text = FormatTimeout(ns);
    EXPECT_LE(text.size(), 9u);
    EXPECT_LE(ParseTimeout(text).value(), ns);
    EXPECT_GT(ParseTimeout(text).value(), ns - ns / 1000 - 1);
  }
  EXPECT_EQ(FormatTimeout(0), "1n");
}

TEST(GrpcMessage, IsPercentEncoded) { EXPECT_EQ(PercentEncode("caf\xc3\xa9 100%\n"), "caf%C3%A9 100%25%0A"); }

TEST(ContentType, OfGrpcHasSubtypesAndParameters) {
  for (const char* grpc : {"application/grpc", "application/grpc+json", "application/grpc;charset=utf-8"}) {
    EXPECT_TRUE(IsGrpcContent(grpc)) << grpc;
  }
  for (const char* other : {"", "text/html", "application/grpc-web", "application/grp"}) {
    EXPECT_FALSE(IsGrpcContent(other)) << other;
  }
}

TEST(Resets, HaveTheStatusThatTheProtocolGivesThem) {
  EXPECT_EQ(StatusOfReset(0x7), MYELIN_GRPC_UNAVAILABLE);
  EXPECT_EQ(StatusOfReset(0x8), MYELIN_GRPC_CANCELLED);
  EXPECT_EQ(StatusOfReset(0xb), MYELIN_GRPC_RESOURCE_EXHAUSTED);
  EXPECT_EQ(StatusOfReset(0xc), MYELIN_GRPC_PERMISSION_DENIED);
  EXPECT_EQ(StatusOfReset(0x0), MYELIN_GRPC_INTERNAL);
}

TEST(MessageCursor, KnowsTheEndOfAMessageHoweverTheBytesAreCut) {
  const std::vector<uint8_t> bytes{0, 0, 0, 0, 2, 'h', 'i', 1, 0, 0, 0, 0, 0, 0, 0, 1, 0};
  std::vector<uint8_t> messages(bytes);
  messages.insert(messages.end(), 256, 'x');  // the last message has 256 bytes
  for (size_t step : {1u, 2u, 3u, 5u, 7u, 300u}) {
    MessageCursor cursor;
    for (size_t at = 0; at < messages.size(); at += step) {
      cursor.Advance(messages.data() + at, std::min(step, messages.size() - at));
      const size_t end = std::min(at + step, messages.size());
      EXPECT_EQ(cursor.BetweenMessages(), end == 7 || end == 12 || end == messages.size()) << step << " at " << end;
    }
  }
}

TEST(Allowance, IsABurstAndThenARate) {
  constexpr uint64_t kSecond = 1'000'000'000;
  Allowance allowance(3, 2);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(allowance.Take(kSecond));
  EXPECT_FALSE(allowance.Take(kSecond));
  EXPECT_FALSE(allowance.Take(kSecond + kSecond / 4));
  EXPECT_TRUE(allowance.Take(2 * kSecond));
  EXPECT_TRUE(allowance.Take(2 * kSecond));
  EXPECT_FALSE(allowance.Take(2 * kSecond));
}

}  // namespace
}  // namespace myelin::frame
