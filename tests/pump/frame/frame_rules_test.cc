// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/frame_rules.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <string>

namespace myelin::frame {
namespace {

constexpr uint8_t kEnd = NGHTTP2_FLAG_END_STREAM;

std::string Frame(uint8_t type, uint8_t flags, int32_t stream_id, const std::string& payload = "") {
  std::string frame(9, '\0');
  frame[1] = static_cast<char>(payload.size() >> 8);
  frame[2] = static_cast<char>(payload.size());
  frame[3] = static_cast<char>(type);
  frame[4] = static_cast<char>(flags);
  for (int i = 0; i < 4; ++i) frame[static_cast<size_t>(8 - i)] = static_cast<char>(stream_id >> (8 * i));
  return frame + payload;
}

std::string Headers(int32_t stream_id, uint8_t flags = 0) { return Frame(NGHTTP2_HEADERS, flags, stream_id, "block"); }
std::string Data(int32_t stream_id, uint8_t flags = 0) { return Frame(NGHTTP2_DATA, flags, stream_id, "bytes"); }
std::string Reset(int32_t stream_id) { return Frame(NGHTTP2_RST_STREAM, 0, stream_id, "code"); }

/// The first rule broken by a client's bytes that come in by `step`.
FrameRules::Verdict VerdictOf(const std::string& frames, size_t step = 100'000) {
  const std::string all = NGHTTP2_CLIENT_MAGIC + frames;
  FrameRules rules;
  for (size_t at = 0; at < all.size(); at += step) {
    const std::string part = all.substr(at, step);
    const auto verdict = rules.Check(reinterpret_cast<const uint8_t*>(part.data()), part.size());
    if (verdict.error_code != NGHTTP2_NO_ERROR) return verdict;
    EXPECT_EQ(verdict.taken, part.size());
  }
  return {0, NGHTTP2_NO_ERROR, 0};
}

TEST(FrameRules, CallsOneAfterTheOtherAreFine) {
  std::string frames;
  for (int32_t id = 1; id < 1001; id += 2) frames += Headers(id) + Data(id) + Data(id, kEnd) + Reset(id);
  for (const size_t step : {1u, 7u, 100'000u}) EXPECT_EQ(VerdictOf(frames, step).error_code, NGHTTP2_NO_ERROR);
}

TEST(FrameRules, NothingFollowsTheEndOfAStream) {
  for (const std::string& late : {Data(1), Headers(1, kEnd)}) {
    const auto verdict = VerdictOf(Headers(1, kEnd) + Headers(3) + late, 3);
    EXPECT_EQ(verdict.error_code, NGHTTP2_STREAM_CLOSED);
    EXPECT_EQ(verdict.stream_id, 0);
  }
}

TEST(FrameRules, WhatFollowsAResetIsAnErrorOfItsStream) {
  const auto verdict = VerdictOf(Headers(1) + Reset(1) + Data(1));
  EXPECT_EQ(verdict.error_code, NGHTTP2_STREAM_CLOSED);
  EXPECT_EQ(verdict.stream_id, 1);
}

TEST(FrameRules, TrailersMayFollowOnAnyStreamThatIsOpen) {
  EXPECT_EQ(VerdictOf(Headers(1) + Headers(7) + Headers(1, kEnd) + Headers(7, kEnd)).error_code, NGHTTP2_NO_ERROR);
}

TEST(FrameRules, IdentifiersPassedOverCannotBeOpened) {
  EXPECT_EQ(VerdictOf(Headers(1) + Headers(7) + Headers(5)).error_code, NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(VerdictOf(Headers(3) + Headers(1)).error_code, NGHTTP2_PROTOCOL_ERROR);
}

TEST(FrameRules, IdentifiersEndAtTheLargest) {
  const std::string frames = Headers(INT32_MAX - 1) + Headers(INT32_MAX, kEnd);
  EXPECT_EQ(VerdictOf(frames).error_code, NGHTTP2_NO_ERROR);
  EXPECT_EQ(VerdictOf(frames + Data(INT32_MAX)).error_code, NGHTTP2_STREAM_CLOSED);
  EXPECT_EQ(VerdictOf(frames + Headers(INT32_MAX - 2)).error_code, NGHTTP2_PROTOCOL_ERROR);
}

TEST(FrameRules, WhatIsLongPastIsForgotten) {
  std::string frames = Headers(1, kEnd);
  for (int32_t id = 3; id < 201; id += 2) frames += Headers(id, kEnd);
  EXPECT_EQ(VerdictOf(frames + Data(1)).error_code, NGHTTP2_NO_ERROR);
  EXPECT_EQ(VerdictOf(frames + Data(199)).error_code, NGHTTP2_STREAM_CLOSED);
}

TEST(FrameRules, APriorityIsOfAStreamAndNotOnItself) {
  const std::string on_three("\0\0\0\3\7", 5);
  EXPECT_EQ(VerdictOf(Frame(NGHTTP2_PRIORITY, 0, 5, on_three) + Headers(1)).error_code, NGHTTP2_NO_ERROR);
  EXPECT_EQ(VerdictOf(Frame(NGHTTP2_PRIORITY, 0, 3, on_three), 2).error_code, NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(VerdictOf(Frame(NGHTTP2_PRIORITY, 0, 0, on_three)).error_code, NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(VerdictOf(Frame(NGHTTP2_PRIORITY, 0, 3, "abc") + Headers(1) + Data(1)).error_code, NGHTTP2_NO_ERROR);
}

TEST(FrameRules, GoesOnBehindTheFrameThatBrokeARule) {
  const std::string all = NGHTTP2_CLIENT_MAGIC + Headers(1) + Reset(1) + Data(1) + Data(1);
  FrameRules rules;
  const auto* bytes = reinterpret_cast<const uint8_t*>(all.data());
  const auto first = rules.Check(bytes, all.size());
  EXPECT_EQ(first.taken, all.size() - Data(1).size() - 5);
  const auto second = rules.Check(bytes + first.taken, all.size() - first.taken);
  EXPECT_EQ(second.error_code, NGHTTP2_STREAM_CLOSED);
  EXPECT_EQ(second.taken, 5 + 9u);
}

}  // namespace
}  // namespace myelin::frame
