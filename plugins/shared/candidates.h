// SPDX-License-Identifier: Apache-2.0
//
// Which endpoints of a snapshot a weighted balancer may pick, and with what weight: the rule that all balancers of this
// tree share. Called from `update`. [control]
#pragma once

#include <myelin/cpp/endpoint.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace myelin {

struct Candidate {
  uint32_t index;   // in the snapshot
  uint32_t weight;  // at least 1
};

// The endpoints of the lowest priority number that have a weight. If no endpoint of the snapshot has one, those of the
// lowest priority number, all with weight 1.
inline std::vector<Candidate> CandidatesOf(const sdk::SnapshotView& snapshot) {
  const bool weighted =
      std::any_of(snapshot.begin(), snapshot.end(), [](sdk::EndpointView endpoint) { return endpoint.Weight() > 0; });
  const auto eligible = [weighted](sdk::EndpointView endpoint) { return !weighted || endpoint.Weight() > 0; };
  uint32_t lowest = UINT32_MAX;
  for (const sdk::EndpointView endpoint : snapshot) {
    if (eligible(endpoint)) lowest = std::min(lowest, endpoint.Priority());
  }
  std::vector<Candidate> candidates;
  for (uint32_t i = 0; i < snapshot.size(); ++i) {
    const sdk::EndpointView endpoint = snapshot[i];
    if (endpoint.Priority() != lowest || !eligible(endpoint)) continue;
    candidates.push_back({i, weighted ? endpoint.Weight() : 1});
  }
  return candidates;
}

}  // namespace myelin
