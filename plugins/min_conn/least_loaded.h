// SPDX-License-Identifier: Apache-2.0
//
// Least in-flight calls per weight, with power-of-d-choices for large sets and a slow start for endpoints that join.
// Built on the control thread for a snapshot, then immutable: any number of workers pick from it, reading the
// endpoints' live cells. The papers: M. Mitzenmacher, "The power of two choices in randomized load balancing", IEEE
// Transactions on Parallel and Distributed Systems 12(10), 2001.
#pragma once

#include <myelin/endpoint.h>

#include <cstdint>
#include <span>
#include <vector>

#include "shared/candidates.h"
#include "shared/mix.h"

namespace myelin {

struct LeastLoadedSettings {
  static constexpr uint32_t kMaxChoices = 16;

  uint32_t scan_limit = 16;  // the most candidates that are all looked at
  uint32_t choices = 2;      // how many are looked at beyond that, 2 … kMaxChoices
  uint64_t slow_start_ns = 10'000'000'000;
};

// The part of the picks in which an endpoint takes part, `age_ns` after it joined. It is an upper bound of its part of
// the calls, whatever the loads are: so long as it is the emptiest it cannot take more, and there is no herd.
// `fair` is its part of the sum of the weights. From a tenth of `fair` the answer grows to `fair` in `slow_start_ns`,
// and from there to 1 in as long again, lest it all comes at once when the slow start is over and the endpoint still
// lags.
double SlowStartShare(uint64_t age_ns, uint64_t slow_start_ns, double fair);

class LeastLoaded {
 public:
  // O(n). The cells that the snapshot shows must outlive this.
  LeastLoaded(const sdk::SnapshotView& snapshot, const LeastLoadedSettings& settings);

  // The snapshot's index of the candidate with the least (in-flight + 1) / weight, ties broken at random, out of all
  // candidates (O(n)) or, beyond scan_limit, of some drawn at random without regard to weight (O(choices)).
  uint32_t Pick(uint64_t now_ns, uint64_t random) const;

 private:
  struct Member {
    const myelin_endpoint_cell* cell;
    uint64_t joined_ns;
    uint32_t index;
    uint32_t weight;
  };
  class Contest;

  bool AnyJoining(uint64_t now_ns) const;
  bool Admits(const Member& member, uint64_t oldest_ns, uint64_t now_ns, double seen, RandomStream& random) const;
  const Member& BestOf(std::span<const Member> group, uint64_t now_ns, double seen, RandomStream& random) const;
  std::span<const Member> Draw(std::span<Member> room, RandomStream& random) const;

  LeastLoadedSettings settings_;
  std::vector<Member> members_;
  uint64_t total_weight_ = 0;
  uint64_t newest_ns_ = 0;  // the latest joined_ns
};

}  // namespace myelin
