// SPDX-License-Identifier: Apache-2.0
//
// The monotonic clock of everything on the way of a call, in nanoseconds. Any thread.
#pragma once

#include <time.h>

#include <cstdint>

namespace myelin {

inline uint64_t MonotonicNow() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace myelin
