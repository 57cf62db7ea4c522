// SPDX-License-Identifier: Apache-2.0
//
// A rate with a burst as the generic cell rate algorithm (ITU-T I.371, annex A, "virtual scheduling") sees it: every
// call moves a bucket's theoretical arrival time (TAT) one token ahead, and conforms while the TAT is not further
// ahead of the clock than the burst allows. That is a token bucket whose whole state is one number, so it can be
// charged with one compare-and-swap. Immutable, any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace myelin::token_bucket {

/// The theoretical arrival time of a bucket, in the units of its Rate. Not ahead of the clock: the bucket is full.
using Tat = std::atomic<int64_t>;

/// Time is counted in units of 2^-f tokens, f chosen so that one nanosecond is one to two units. A token is therefore
/// a whole number of units at any rate, and nothing is rounded when a bucket is charged: no drift, however long.
class Rate {
 public:
  /// `per_second` in [1e-6, 1e9], `burst` in [1, 1e9], burst / per_second at most kMaxSpanSeconds. A call waits for at
  /// most `max_delay_ns` to conform; 0: it conforms at once or is refused.
  Rate(double per_second, uint64_t burst, uint64_t max_delay_ns);

  /// Time to fill a bucket, above which the arithmetic would overflow: 31 years.
  static constexpr double kMaxSpanSeconds = 1e9;

  /// A time or duration in units, rounded down.
  int64_t Units(uint64_t ns) const;
  /// The inverse, rounded up; 0 for what is negative.
  uint64_t Nanoseconds(int64_t units) const;

  int64_t token() const { return token_; }          ///< units between two calls at the steady rate
  int64_t tolerance() const { return tolerance_; }  ///< how far ahead a TAT may be: burst - 1 tokens and a hair
  int64_t max_delay() const { return max_delay_; }  ///< in units

 private:
  uint64_t units_per_ns_;  // fixed point, kFraction bits after the point
  int64_t token_;
  int64_t tolerance_;
  int64_t max_delay_;
};

/// What became of a call.
struct Charge {
  bool admitted;
  uint64_t wait_ns;  // admitted: the delay that makes it conform, 0 for none; refused: time until the next token
};

/// Charges one call at `now_ns` to `tat`, or refuses and leaves it alone. Lock-free; exact however many threads charge
/// one bucket. [any]
Charge Take(Tat& tat, const Rate& rate, uint64_t now_ns);

}  // namespace myelin::token_bucket
