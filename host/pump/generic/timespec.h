// SPDX-License-Identifier: Apache-2.0
//
// The host's monotonic nanoseconds as grpc writes a time. Pure, any thread.
#pragma once

#include <grpc/support/time.h>

#include <cstdint>

namespace myelin::generic {

inline gpr_timespec FromMonotonic(uint64_t ns) {
  return gpr_timespec{static_cast<int64_t>(ns / 1'000'000'000), static_cast<int32_t>(ns % 1'000'000'000),
                      GPR_CLOCK_MONOTONIC};
}

}  // namespace myelin::generic
