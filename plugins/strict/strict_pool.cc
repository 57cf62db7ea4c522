// SPDX-License-Identifier: Apache-2.0
//
// Connections that are missing are opened by the tick, so that calls find them ready; Acquire opens only what the tick
// has left closed because it was idle.
#include "strict/strict_pool.h"

#include "shared/connections.h"

namespace myelin {

sdk::AcquireVerdict StrictPool::Acquire(const sdk::PoolView& view) const {
  const Survey survey = Look(view, settings_.streams, Tie::kLeastUsed);
  const bool missing = survey.live < view.Share(settings_.size);
  if (survey.best == kNoConnection) return missing ? sdk::AcquireVerdict::Open() : sdk::AcquireVerdict::Queue();
  const bool busy = view[survey.best].streams > 0;
  return sdk::AcquireVerdict::Use(survey.best, missing && busy && survey.connecting == 0 ? 1 : 0);
}

// Whether the tick opens all that is missing. With `idle` set, only before the endpoint's first call and while calls
// queue: otherwise it would open at once what was closed for being idle.
bool StrictPool::IsKeptWhole(const sdk::PoolView& view) const {
  return settings_.idle_ns == 0 || !WasPicked(view) || view.Queued() > 0;
}

void StrictPool::Tick(const sdk::PoolView& view, sdk::TickCommands& commands) const {
  const uint32_t share = view.Share(settings_.size);
  uint32_t live = Look(view, settings_.streams, Tie::kLeastUsed).live;
  uint32_t replacements = 0;
  for (uint32_t i = 0; i < view.size(); ++i) {
    const myelin_connection& connection = view[i];
    if (connection.state != MYELIN_CONNECTION_READY) continue;
    const bool surplus = live > share;
    const bool expired = IsExpired(connection, view.NowNs(), settings_.max_life_ns);
    const bool idle = WasPicked(view) && IsIdle(connection, view.NowNs(), settings_.idle_ns);
    if (!surplus && !expired && !idle) continue;
    if (!commands.Drain(i)) return;
    --live;
    if (!surplus && !idle) ++replacements;
  }
  const uint32_t missing = live < share ? share - live : 0;
  for (uint32_t left = IsKeptWhole(view) ? missing : replacements; left > 0 && commands.Open(); --left) {
  }
}

}  // namespace myelin
