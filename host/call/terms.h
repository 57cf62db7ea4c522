// SPDX-License-Identifier: Apache-2.0
//
// What a call is admitted under and keeps to its end: the proxy's settings and limiters as they were when it came.
// Belongs to a worker.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <string>
#include <vector>

#include "call/trial_shard.h"
#include "upstream/endpoint.h"

namespace myelin {

struct ProxySettings {
  std::string name;
  Duration request_timeout{};
  Duration stream_idle_timeout{};
  Duration queue_timeout{};
  uint32_t max_queued = 10'000;
  bool access_log = false;
};

/// What one worker has counted of a limiter, whatever its generation. One writer.
struct LimiterCounters {
  Counter admitted;
  Counter delayed;
  Counter rejected;
};

struct Terms : boost::intrusive_ref_counter<Terms, boost::thread_unsafe_counter> {
  struct Limiter {
    PinnedShard<LimiterShard>::Pointer shard;
    TrialPointer<LimiterShard> trial;
    LimiterCounters* counters;
  };
  ProxySettings settings;
  std::vector<std::string> keys;  // the metadata that policies want to see, by slot
  std::vector<Limiter> limiters;
};
using TermsPointer = boost::intrusive_ptr<const Terms>;

}  // namespace myelin
