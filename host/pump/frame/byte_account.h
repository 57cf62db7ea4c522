// SPDX-License-Identifier: Apache-2.0
//
// The bytes that a worker holds for others: received, and not yet with the peer that they are for. Also what it has
// promised to hold: windows that were opened further than each stream's first. Belongs to a worker; the counter is
// read by any thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/limits.h"
#include "upstream/endpoint.h"

namespace myelin::frame {

class ByteAccount {
 public:
  /// What any stream may hold, whatever others do, so that it gets on. Also the first window of an upstream's stream.
  static constexpr uint32_t kLeast = 64 * 1024;

  explicit ByteAccount(const HostLimits& limits) : limits_(limits) {}

  void Add(uint64_t bytes) {
    held_.Add(bytes);
    full_ = full_ || held_.Get() >= limits_.worker_buffer;
  }
  /// Answers true when the worker was full and now is not.
  bool Remove(uint64_t bytes) {
    held_.Subtract(bytes);
    if (!full_ || held_.Get() > limits_.worker_buffer / 8 * 7) return false;
    full_ = false;
    return true;
  }

  uint64_t held() const { return held_.Get(); }
  bool full() const { return full_; }
  /// What is above the level at which it is no longer full.
  uint64_t excess() const { return held() - std::min(held(), limits_.worker_buffer / 8 * 7); }

  /// How much one connection may hold now. The share of what is free, so that there is always something left for one
  /// more (dynamic thresholds: Choudhury and Hahne, 1998).
  uint64_t Share() const { return ShareOf(held()); }

  /// Promises `more` to a connection that was promised `already`, or answers false.
  bool Promise(uint64_t already, uint64_t more) {
    if (already + more > ShareOf(promised_)) return false;
    promised_ += more;
    return true;
  }
  void Withdraw(uint64_t bytes) { promised_ -= bytes; }

 private:
  uint64_t ShareOf(uint64_t taken) const {
    const uint64_t free = limits_.worker_buffer - std::min(taken, limits_.worker_buffer);
    return std::clamp<uint64_t>(free / 4, kLeast, limits_.connection_buffer);
  }

  const HostLimits limits_;
  Counter held_;
  uint64_t promised_ = 0;
  bool full_ = false;
};

}  // namespace myelin::frame
