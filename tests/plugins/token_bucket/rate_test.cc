// SPDX-License-Identifier: Apache-2.0
//
// The cell rate arithmetic over simulated time: what a bucket lets pass is burst + rate * time, whatever the rate.
#include "token_bucket/rate.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace myelin::token_bucket {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kStart = 86'400 * kSecond;

// Calls admitted in `duration_ns` when one is tried every `step_ns`, beginning at kStart.
uint64_t AdmittedOver(const Rate& rate, uint64_t duration_ns, uint64_t step_ns) {
  Tat tat{0};
  uint64_t admitted = 0;
  for (uint64_t t = 0; t <= duration_ns; t += step_ns) admitted += Take(tat, rate, kStart + t).admitted ? 1u : 0u;
  return admitted;
}

uint64_t AdmittedAt(Tat& tat, const Rate& rate, uint64_t now_ns, uint64_t tries) {
  uint64_t admitted = 0;
  for (uint64_t i = 0; i < tries; ++i) admitted += Take(tat, rate, now_ns).admitted ? 1u : 0u;
  return admitted;
}

struct RateCase {
  double per_second;
  uint64_t burst;
  uint64_t seconds;
  uint64_t step_ns;
};

class ExactRate : public testing::TestWithParam<RateCase> {};

TEST_P(ExactRate, AdmitsBurstPlusRateTimesTime) {
  const RateCase& c = GetParam();
  const auto expected = static_cast<double>(c.burst) + c.per_second * static_cast<double>(c.seconds);
  const uint64_t admitted = AdmittedOver(Rate(c.per_second, c.burst, 0), c.seconds * kSecond, c.step_ns);
  EXPECT_NEAR(static_cast<double>(admitted), expected, 1.0);
}

INSTANTIATE_TEST_SUITE_P(Rates, ExactRate,
                         testing::Values(RateCase{1000, 200, 20, 300'000}, RateCase{0.5, 2, 3600, 7'000'000},
                                         RateCase{1e6, 1000, 1, 450}, RateCase{7e5, 10, 2, 1'100},
                                         RateCase{3, 2, 3000, 11'000'000}, RateCase{1.0 / 3, 5, 3000, 11'000'000},
                                         RateCase{0.5, 1, 3600, 1'000'000}, RateCase{0.001, 2, 100'000, 100'000'000}));

TEST(Rate, FullBucketLetsBurstPassAtOnceAndNoMore) {
  const Rate rate(10, 25, 0);
  Tat tat{0};
  EXPECT_EQ(AdmittedAt(tat, rate, kStart, 100), 25u);
}

TEST(Rate, IdleBucketFillsToBurstOnly) {
  const Rate rate(10, 25, 0);
  Tat tat{0};
  AdmittedAt(tat, rate, kStart, 25);
  EXPECT_EQ(AdmittedAt(tat, rate, kStart + 1000 * kSecond, 100), 25u);
}

TEST(Rate, RefusalTellsTheTimeOfTheNextToken) {
  const Rate rate(10, 1, 0);
  Tat tat{0};
  ASSERT_TRUE(Take(tat, rate, kStart).admitted);
  const Charge refused = Take(tat, rate, kStart + kSecond / 40);
  ASSERT_FALSE(refused.admitted);
  EXPECT_NEAR(static_cast<double>(refused.wait_ns), 75e6, 3);
  EXPECT_FALSE(Take(tat, rate, kStart + kSecond / 40 + refused.wait_ns - 5).admitted);
  EXPECT_TRUE(Take(tat, rate, kStart + kSecond / 40 + refused.wait_ns).admitted);
}

TEST(Rate, CallThatWaitsAsLongAsToldConforms) {
  for (const double per_second : {0.3, 7.0, 1000.0, 654'321.0, 3e7, 1e9}) {
    const Rate rate(per_second, 1, 0);
    Tat tat{0};
    uint64_t now = kStart + 1;
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(Take(tat, rate, now).admitted) << per_second << " at call " << i;
      now += Take(tat, rate, now).wait_ns;
    }
  }
}

TEST(Rate, RefusalCostsNothing) {
  const Rate rate(10, 1, 0);
  Tat tat{0};
  EXPECT_EQ(AdmittedAt(tat, rate, kStart, 1000), 1u);
  EXPECT_TRUE(Take(tat, rate, kStart + kSecond / 10).admitted);
}

TEST(Rate, DelayedCallsAreSpacedOneTokenApartUpToTheLimit) {
  const Rate rate(100, 2, kSecond / 20);
  Tat tat{0};
  std::vector<double> waits_ms;
  for (Charge charge = Take(tat, rate, kStart); charge.admitted; charge = Take(tat, rate, kStart)) {
    waits_ms.push_back(static_cast<double>(charge.wait_ns) / 1e6);
  }
  ASSERT_EQ(waits_ms.size(), 7u);  // two at once, then 10, 20 … 50 ms
  for (size_t i = 0; i < waits_ms.size(); ++i) {
    EXPECT_NEAR(waits_ms[i], i < 2 ? 0 : 10.0 * static_cast<double>(i - 1), 0.001);
  }
}

TEST(Rate, ClockBehindAnotherWorkersIsNotAnAdvantage) {
  const Rate rate(1000, 1, 0);
  Tat tat{0};
  ASSERT_TRUE(Take(tat, rate, kStart + kSecond).admitted);
  EXPECT_FALSE(Take(tat, rate, kStart).admitted);
}

TEST(Rate, EightThreadsAtAFrozenClockGetExactlyTheBurst) {
  const Rate rate(1, 100'000, 0);
  Tat tat{0};
  std::atomic<uint64_t> admitted{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { admitted += AdmittedAt(tat, rate, kStart, 20'000); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admitted, 100'000u);
}

TEST(Rate, SlowestRateWithItsLargestBurstDoesNotOverflow) {
  const Rate rate(1e-6, 1000, 3600 * kSecond);
  Tat tat{0};
  const uint64_t ten_years = 315'576'000 * kSecond;
  EXPECT_EQ(AdmittedAt(tat, rate, ten_years, 2000), 1000u);
}

TEST(Rate, NanosecondsAreTheInverseOfUnits) {
  for (const double per_second : {1e-6, 0.3, 1.0, 7e5, 1e9}) {
    const Rate rate(per_second, 1, 0);
    for (const uint64_t ns : {uint64_t{0}, uint64_t{1}, uint64_t{999'999'937}, 86'400 * kSecond}) {
      EXPECT_EQ(rate.Nanoseconds(rate.Units(ns)), ns) << per_second;
    }
  }
}

}  // namespace
}  // namespace myelin::token_bucket
