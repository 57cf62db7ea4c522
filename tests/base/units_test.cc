// SPDX-License-Identifier: Apache-2.0
//
// Durations and sizes, as text and back.
#include "base/units.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace myelin {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsEveryUnit) {
  EXPECT_EQ(ParseDuration("7ns"), 7ns);
  EXPECT_EQ(ParseDuration("7us"), 7us);
  EXPECT_EQ(ParseDuration("7µs"), 7us);
  EXPECT_EQ(ParseDuration("300ms"), 300ms);
  EXPECT_EQ(ParseDuration("10s"), 10s);
  EXPECT_EQ(ParseDuration("5m"), 5min);
  EXPECT_EQ(ParseDuration("2h"), 2h);
  EXPECT_EQ(ParseDuration("2d"), 48h);
}

TEST(Duration, ReadsSumsAndFractions) {
  EXPECT_EQ(ParseDuration("1h30m"), 90min);
  EXPECT_EQ(ParseDuration("1.5s"), 1500ms);
  EXPECT_EQ(ParseDuration(".5s"), 500ms);
  EXPECT_EQ(ParseDuration("1m0.25s"), 60250ms);
}

TEST(Duration, ReadsABareZeroOnly) {
  EXPECT_EQ(ParseDuration("0"), 0ns);
  EXPECT_EQ(ParseDuration("5"), std::nullopt);
  EXPECT_EQ(ParseDuration("00"), std::nullopt);
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text : {"", "s", "-5s", "+5s", "5 s", " 5s", "5s ", "5sec", "5S", "1.s", "1..5s", "1.5.5s", "0x1s",
                           "1e3s", "5s,", "inf", "nan"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(Duration, RefusesWhatDoesNotFit) {
  EXPECT_EQ(ParseDuration("106752d"), std::nullopt);
  EXPECT_EQ(ParseDuration("9223372036854775808ns"), std::nullopt);
  EXPECT_EQ(ParseDuration("99999999999999999999999s"), std::nullopt);
  EXPECT_EQ(ParseDuration("9223372036854775807ns1ns"), std::nullopt);
  EXPECT_EQ(ParseDuration("9223372036854775807ns"), Duration::max());
}

TEST(Duration, IsWrittenShort) {
  EXPECT_EQ(FormatDuration(0s), "0s");
  EXPECT_EQ(FormatDuration(90min), "1h30m");
  EXPECT_EQ(FormatDuration(250ms), "250ms");
  EXPECT_EQ(FormatDuration(1500ms), "1s500ms");
  EXPECT_EQ(FormatDuration(30 * 24h), "30d");
}

TEST(Duration, ReadsBackWhatIsWrittenToTheNanosecond) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    const Duration duration(static_cast<int64_t>(random() >> (1 + random() % 60)));
    EXPECT_EQ(ParseDuration(FormatDuration(duration)), duration) << FormatDuration(duration);
  }
  EXPECT_EQ(ParseDuration(FormatDuration(Duration::max())), Duration::max());
}

TEST(Size, ReadsEveryUnit) {
  EXPECT_EQ(ParseSize("512"), 512u);
  EXPECT_EQ(ParseSize("512B"), 512u);
  EXPECT_EQ(ParseSize("64KiB"), 65536u);
  EXPECT_EQ(ParseSize("4MiB"), 4u << 20);
  EXPECT_EQ(ParseSize("1GiB"), 1u << 30);
  EXPECT_EQ(ParseSize("10kB"), 10000u);
  EXPECT_EQ(ParseSize("5MB"), 5000000u);
  EXPECT_EQ(ParseSize("1GB"), 1000000000u);
  EXPECT_EQ(ParseSize("1.5KiB"), 1536u);
}

TEST(Size, RefusesWhatIsNone) {
  for (const char* text : {"", "KiB", "-1", "1.5", "1.5B", "64 KiB", "64kib", "64K", "64KiB1", "18446744073709551616",
                           "9999999999999GiB"}) {
    EXPECT_EQ(ParseSize(text), std::nullopt) << text;
  }
}

TEST(Size, ReadsBackWhatIsWritten) {
  EXPECT_EQ(FormatSize(65536), "64KiB");
  EXPECT_EQ(FormatSize(1000), "1000");
  for (const uint64_t bytes : {uint64_t{0}, uint64_t{1} << 40, (uint64_t{1} << 53) + 1, uint64_t{3} << 20}) {
    EXPECT_EQ(ParseSize(FormatSize(bytes)), bytes);
  }
}

}  // namespace
}  // namespace myelin
