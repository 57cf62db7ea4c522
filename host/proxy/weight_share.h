// SPDX-License-Identifier: Apache-2.0
//
// Shares out the weights of names over the addresses they stand for. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

namespace myelin {

/// An endpoint as configured: its weight, and how many addresses it stands for.
struct WeightedGroup {
  uint32_t weight = 1;
  uint32_t addresses = 1;
};

/// For each group the weight of each of its addresses. All are multiplied by the least number that makes the shares
/// whole, so that groups keep their proportions; where that becomes too large they are rounded, and none to 0 that was
/// not.
std::vector<uint32_t> ShareWeights(const std::vector<WeightedGroup>& groups);

}  // namespace myelin
