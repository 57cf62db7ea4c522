// SPDX-License-Identifier: Apache-2.0
//
// HostStats as JSON, for people and scripts. Pure functions, any thread.
#pragma once

#include <string>

#include "base/stats.h"

namespace myelin {

/// The whole of `stats` as one JSON object; docs/operation.md describes its fields. Text that is no UTF-8 is mended.
std::string StatsJson(const HostStats& stats);

/// The latency below which the share `q` (0 to 1) of calls ended, in seconds, estimated by assuming that calls spread
/// evenly within a bucket; the last bound when it lies above, and 0 when there were no calls.
double LatencyQuantile(const LatencyStats& latency, double q);

/// Likewise of a hook's timed calls.
double HookQuantile(const HookStats& hook, double q);

}  // namespace myelin
