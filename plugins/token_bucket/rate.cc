// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of the generic cell rate algorithm. Everything but the constructor runs on the way of a call.
#include "token_bucket/rate.h"

#include <algorithm>
#include <cmath>

namespace myelin::token_bucket {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int kFraction = 62;
// Turning the clock and a wait into units loses less than this. A call that comes at the very nanosecond it was told
// to must conform.
constexpr int64_t kRoundingUnits = 3;
constexpr long double kNanosecondsPerSecond = 1e9L;

}  // namespace

Rate::Rate(double per_second, uint64_t burst, uint64_t max_delay_ns) {
  const long double rate = per_second;
  int shift = 0;
  while (std::ldexp(rate, shift) < kNanosecondsPerSecond) ++shift;
  units_per_ns_ = static_cast<uint64_t>(std::ldexp(rate / kNanosecondsPerSecond, shift + kFraction));
  token_ = int64_t{1} << shift;
  tolerance_ = token_ * static_cast<int64_t>(burst - 1) + std::min(kRoundingUnits, token_ / 2);
  max_delay_ = Units(max_delay_ns);
}

int64_t Rate::Units(uint64_t ns) const { return static_cast<int64_t>((Wide{ns} * units_per_ns_) >> kFraction); }

uint64_t Rate::Nanoseconds(int64_t units) const {
  if (units <= 0) return 0;
  const Wide scaled = Wide{static_cast<uint64_t>(units)} << kFraction;
  return static_cast<uint64_t>((scaled + units_per_ns_ - 1) / units_per_ns_);
}

Charge Take(Tat& tat, const Rate& rate, uint64_t now_ns) {
  const int64_t now = rate.Units(now_ns);
  int64_t seen = tat.load(std::memory_order_relaxed);
  for (;;) {
    const int64_t arrival = std::max(seen, now);
    const int64_t early = arrival - now - rate.tolerance();
    if (early > rate.max_delay()) return {false, rate.Nanoseconds(early)};
    // Relaxed: a bucket guards no other memory, and the order of charges to it is all that counts.
    if (tat.compare_exchange_weak(seen, arrival + rate.token(), std::memory_order_relaxed)) {
      return {true, early > 0 ? rate.Nanoseconds(early) : 0};
    }
  }
}

}  // namespace myelin::token_bucket
