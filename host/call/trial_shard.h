// SPDX-License-Identifier: Apache-2.0
//
// A worker's part of a trial: the candidate's shard, and what is counted of the trial here. The proxy's shard holds it,
// or its terms, and so do the calls that the candidate has a part in. Made on the control thread; belongs to a worker.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <memory>
#include <utility>

#include "call/pinned_shard.h"
#include "policy/candidate.h"

namespace myelin {

/// `Shard` is BalancerShard or LimiterShard.
template <typename Shard>
struct TrialShard : boost::intrusive_ref_counter<TrialShard<Shard>, boost::thread_unsafe_counter> {
  TrialShard(std::shared_ptr<Trial> of, typename PinnedShard<Shard>::Pointer shard)
      : trial(std::move(of)), counters(trial->AddCounters()), candidate(std::move(shard)) {}

  /// Whether the candidate can be asked.
  bool on() const { return candidate->get() != nullptr && trial->on(); }

  const std::shared_ptr<Trial> trial;
  TrialCounters& counters;
  const typename PinnedShard<Shard>::Pointer candidate;
};

/// nullptr where nothing is tried.
template <typename Shard>
using TrialPointer = boost::intrusive_ptr<TrialShard<Shard>>;

}  // namespace myelin
