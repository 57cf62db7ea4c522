// SPDX-License-Identifier: Apache-2.0
//
// What the pools of this tree share: how full a connection is, which takes the next call, which is due to go. Pure
// functions over the host's view. [worker]
#pragma once

#include <myelin/cpp/pool.hpp>

#include <algorithm>
#include <cstdint>

#include "shared/mix.h"

namespace myelin {

constexpr uint32_t kNoConnection = UINT32_MAX;

// Calls that a connection may carry: `streams` as configured (0: no limit of ours), and what its peer allows.
inline uint32_t StreamCap(const myelin_connection& connection, uint32_t streams) {
  return std::min(streams == 0 ? UINT32_MAX : streams, connection.stream_limit);
}

// Which of two equally full connections takes the next call.
enum class Tie {
  kLeastUsed,  // the one that has carried fewer: all stay in use
  kOldest,     // the same one each time: the others fall idle
};

// A worker's connections to an endpoint at a glance.
struct Survey {
  uint32_t live = 0;              // CONNECTING or READY
  uint32_t connecting = 0;        // of these
  uint32_t best = kNoConnection;  // the one for the next call: with room, READY first, then the fewest streams
};

namespace detail {

inline bool IsBetter(const myelin_connection& one, const myelin_connection& other, Tie tie) {
  if (one.state != other.state) return one.state == MYELIN_CONNECTION_READY;
  if (one.streams != other.streams) return one.streams < other.streams;
  return tie == Tie::kLeastUsed ? one.total < other.total : one.id < other.id;
}

}  // namespace detail

// O(connections).
inline Survey Look(const sdk::PoolView& view, uint32_t streams, Tie tie) {
  Survey survey;
  for (uint32_t i = 0; i < view.size(); ++i) {
    const myelin_connection& connection = view[i];
    if (connection.state == MYELIN_CONNECTION_DRAINING) continue;
    ++survey.live;
    survey.connecting += connection.state == MYELIN_CONNECTION_CONNECTING ? 1 : 0;
    if (connection.streams >= StreamCap(connection, streams)) continue;
    if (survey.best == kNoConnection || detail::IsBetter(connection, view[survey.best], tie)) survey.best = i;
  }
  return survey;
}

// Whether a READY connection has reached the age at which it retires: `max_life_ns` (0: never), give or take a tenth,
// drawn from its id, so that connections opened together do not go together.
inline bool IsExpired(const myelin_connection& connection, uint64_t now_ns, uint64_t max_life_ns) {
  if (max_life_ns == 0 || connection.state != MYELIN_CONNECTION_READY) return false;
  const uint64_t tenth = max_life_ns / 10;
  const uint64_t limit = max_life_ns - tenth + Mix64(connection.id) % (2 * tenth + 1);
  return now_ns >= connection.opened_ns && now_ns - connection.opened_ns >= limit;
}

// Whether a READY connection has had no stream for `idle_ns` (0: never).
inline bool IsIdle(const myelin_connection& connection, uint64_t now_ns, uint64_t idle_ns) {
  if (idle_ns == 0 || connection.state != MYELIN_CONNECTION_READY) return false;
  if (connection.streams > 0 || connection.idle_ns == 0) return false;
  return now_ns >= connection.idle_ns && now_ns - connection.idle_ns >= idle_ns;
}

// Whether an endpoint has ever been given a call, by any worker.
inline bool WasPicked(const sdk::PoolView& view) { return view.Endpoint().PickedTotal() > 0; }

}  // namespace myelin
