// SPDX-License-Identifier: Apache-2.0
//
// Vose's algorithm on integers: each weight is scaled by n, so that a column holds exactly the sum of the weights.
#include "random_weight/alias_table.h"

#include <cstddef>

namespace myelin {
namespace {

__extension__ typedef unsigned __int128 Wide;

uint64_t SumOf(const std::vector<Candidate>& candidates) {
  uint64_t sum = 0;
  for (const Candidate& candidate : candidates) sum += candidate.weight;
  return sum;
}

}  // namespace

AliasTable::AliasTable(const std::vector<Candidate>& candidates) {
  const uint64_t capacity = SumOf(candidates);
  std::vector<uint64_t> filling;  // of each column, in units where `capacity` is full
  std::vector<size_t> small;      // columns with room left
  std::vector<size_t> large;      // columns that are full or overflow
  for (const Candidate& candidate : candidates) {
    const uint64_t scaled = uint64_t{candidate.weight} * candidates.size();
    (scaled < capacity ? small : large).push_back(filling.size());
    filling.push_back(scaled);
    columns_.push_back({0, candidate.index, candidate.index});
  }
  // The fillings add up to n full columns, so as long as one has room another overflows.
  while (!small.empty()) {
    const size_t low = small.back();
    const size_t high = large.back();
    small.pop_back();
    columns_[low].threshold = static_cast<uint64_t>((Wide{filling[low]} << 64) / capacity);
    columns_[low].alias = columns_[high].index;
    filling[high] -= capacity - filling[low];
    if (filling[high] >= capacity) continue;
    large.pop_back();
    small.push_back(high);
  }
}

uint32_t AliasTable::Pick(uint64_t random) const {
  // The high half of the product is the column; the low half is what is left of the randomness.
  const Wide product = Wide{random} * columns_.size();
  const Column& column = columns_[static_cast<size_t>(product >> 64)];
  return static_cast<uint64_t>(product) < column.threshold ? column.index : column.alias;
}

}  // namespace myelin
