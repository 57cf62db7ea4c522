// SPDX-License-Identifier: Apache-2.0
//
// How much of something a peer may do: a burst at once, and then so much a second, and once for each time it has
// earned. Bounds what a hostile peer can make a connection do for nothing. Belongs to a connection.
#pragma once

#include <algorithm>
#include <cstdint>

namespace myelin::frame {

class Allowance {
 public:
  Allowance(uint32_t burst, uint32_t per_second) : burst_(burst), per_second_(per_second), left_(burst) {}

  /// Whether one more is allowed at `now_ns`.
  bool Take(uint64_t now_ns) {
    if (since_ns_ == 0) since_ns_ = now_ns;
    if (left_ == 0) Refill(now_ns);
    if (left_ == 0) return false;
    --left_;
    return true;
  }
  /// One more is allowed, up to the burst.
  void Earn() {
    if (left_ < burst_) ++left_;
  }

 private:
  void Refill(uint64_t now_ns) {
    const double gained = static_cast<double>(now_ns - since_ns_) * 1e-9 * per_second_;
    left_ = static_cast<uint32_t>(std::min<double>(burst_, gained));
    if (left_ > 0) since_ns_ = now_ns;
  }

  uint32_t burst_;
  uint32_t per_second_;
  uint32_t left_;
  uint64_t since_ns_ = 0;
};

}  // namespace myelin::frame
