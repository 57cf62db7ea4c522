// SPDX-License-Identifier: Apache-2.0
#include "base/timer_wheel.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace myelin {
namespace {

constexpr uint64_t kMs = 1'000'000;

struct Probe {
  explicit Probe(TimerWheel& owner) : wheel(owner), timer(&Probe::Fire, this) {}
  static void Fire(void* self) { ++static_cast<Probe*>(self)->fired; }
  TimerWheel& wheel;
  Timer timer;
  int fired = 0;
};

TEST(TimerWheelTest, FiresOnceWhenDueAndNotBefore) {
  TimerWheel wheel(5 * kMs);
  Probe probe(wheel);
  wheel.Start(probe.timer, 15 * kMs);
  wheel.Advance(14 * kMs);
  EXPECT_EQ(probe.fired, 0);
  wheel.Advance(17 * kMs);
  EXPECT_EQ(probe.fired, 1);
  wheel.Advance(1000 * kMs);
  EXPECT_EQ(probe.fired, 1);
}

TEST(TimerWheelTest, StoppedAndDestroyedTimersStayQuiet) {
  TimerWheel wheel(0);
  Probe stopped(wheel);
  wheel.Start(stopped.timer, 10 * kMs);
  stopped.timer.Stop();
  {
    Probe gone(wheel);
    wheel.Start(gone.timer, 10 * kMs);
  }
  EXPECT_EQ(wheel.NextDue(), TimerWheel::kNever);
  wheel.Advance(20 * kMs);
  EXPECT_EQ(stopped.fired, 0);
}

TEST(TimerWheelTest, NextDueIsNeverLateOverAllDistances) {
  for (uint64_t distance_ms : {1ULL, 63ULL, 64ULL, 65ULL, 4095ULL, 4096ULL, 5000ULL, 3600'000ULL, 86'400'000ULL}) {
    TimerWheel wheel(123456789 * kMs);
    Probe probe(wheel);
    const uint64_t due = (123456789 + distance_ms) * kMs;
    wheel.Start(probe.timer, due);
    uint64_t now = 0;
    for (int hops = 0; probe.fired == 0 && hops < 100; ++hops) {
      now = wheel.NextDue();
      ASSERT_NE(now, TimerWheel::kNever);
      ASSERT_LE(now, due + kMs);
      wheel.Advance(now);
    }
    EXPECT_EQ(probe.fired, 1) << distance_ms;
    EXPECT_GT(now, due);
  }
}

TEST(TimerWheelTest, RandomTimersFireInTheirMillisecond) {
  std::mt19937_64 random(7);
  TimerWheel wheel(0);
  struct Checked {
    uint64_t due = 0;
    uint64_t fired_at = 0;
    const uint64_t* now = nullptr;
    std::unique_ptr<Timer> timer;
  };
  uint64_t now = 0;
  std::vector<Checked> all(5000);
  for (Checked& checked : all) {
    checked.now = &now;
    checked.due = (random() % 300'000) * kMs + random() % kMs;
    checked.timer = std::make_unique<Timer>(
        [](void* self) {
          auto* me = static_cast<Checked*>(self);
          me->fired_at = *me->now;
        },
        &checked);
    wheel.Start(*checked.timer, checked.due);
  }
  while (now < 310'000 * kMs) {
    now += (random() % 50) * kMs + 1;
    wheel.Advance(now);
  }
  for (const Checked& checked : all) {
    EXPECT_GE(checked.fired_at, checked.due);
    EXPECT_LE(checked.fired_at, checked.due + 52 * kMs);
  }
}

TEST(TimerWheelTest, CallbackMayRestartItself) {
  TimerWheel wheel(0);
  struct Repeating {
    TimerWheel* wheel;
    int fired = 0;
    Timer timer{[](void* self) {
                  auto* me = static_cast<Repeating*>(self);
                  if (++me->fired < 3) me->wheel->Start(me->timer, static_cast<uint64_t>(me->fired + 1) * 10 * kMs);
                },
                this};
  } repeating{&wheel};
  wheel.Start(repeating.timer, 10 * kMs);
  wheel.Advance(100 * kMs);
  EXPECT_EQ(repeating.fired, 3);
}

}  // namespace
}  // namespace myelin
