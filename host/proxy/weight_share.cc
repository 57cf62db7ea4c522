// SPDX-License-Identifier: Apache-2.0
#include "proxy/weight_share.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace myelin {
namespace {

// What fits, with a thousand such endpoints, in a balancer's 32-bit sums.
constexpr uint64_t kMaxShare = 4'000'000;

}  // namespace

std::vector<uint32_t> ShareWeights(const std::vector<WeightedGroup>& groups) {
  uint64_t largest = 1;
  for (const WeightedGroup& group : groups) largest = std::max<uint64_t>(largest, group.weight);
  const uint64_t most = kMaxShare / largest;
  uint64_t factor = 1;
  for (const WeightedGroup& group : groups) {
    if (group.weight == 0 || group.addresses <= 1) continue;
    const uint64_t needed = group.addresses / std::gcd(group.addresses, group.weight);
    factor = std::min(std::lcm(factor, needed), most);
  }
  std::vector<uint32_t> shares;
  for (const WeightedGroup& group : groups) {
    const double exact =
        static_cast<double>(group.weight * factor) / static_cast<double>(std::max(1u, group.addresses));
    const auto share = static_cast<uint32_t>(std::llround(exact));
    shares.push_back(group.weight == 0 ? 0 : std::max(1u, share));
  }
  return shares;
}

}  // namespace myelin
