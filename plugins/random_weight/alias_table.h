// SPDX-License-Identifier: Apache-2.0
//
// Weighted random choice in constant time: Walker's alias method, built as in M. D. Vose, "A linear algorithm for
// generating random numbers with a given distribution", IEEE Transactions on Software Engineering 17(9), 1991. Built on
// the control thread for a snapshot, then immutable: any number of workers pick from it.
#pragma once

#include <cstdint>
#include <vector>

#include "shared/candidates.h"

namespace myelin {

class AliasTable {
 public:
  // O(n). `candidates` is not empty and each weight is at least 1. The shares are exact but for the rounding of a
  // 64-bit fraction, since the building is in integers throughout.
  explicit AliasTable(const std::vector<Candidate>& candidates);

  // O(1): the snapshot's index of a candidate, with the probability weight / sum of weights. `random` is 64 random
  // bits.
  uint32_t Pick(uint64_t random) const;

 private:
  // One of n equally likely columns: the part of it below `threshold` / 2^64 belongs to `index`, the rest to `alias`.
  struct Column {
    uint64_t threshold;
    uint32_t index;
    uint32_t alias;
  };

  std::vector<Column> columns_;
};

}  // namespace myelin
