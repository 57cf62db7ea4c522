// SPDX-License-Identifier: Apache-2.0
//
// Growth is by answers to calls, so it follows the load at once; shrinking and retiring are by the tick.
#include "loose/loose_pool.h"

#include <algorithm>

#include "shared/connections.h"

namespace myelin {
namespace {

// What a connection is taken to carry for growing, when neither the user nor the peer sets a limit.
constexpr uint32_t kNominalStreams = 100;

// Streams at which a connection is busy enough to open another: half of what it can carry.
uint32_t BusyAt(const myelin_connection& connection, uint32_t streams) {
  const uint32_t cap = StreamCap(connection, streams);
  return std::max((cap == UINT32_MAX ? kNominalStreams : cap) / 2, 1u);
}

}  // namespace

// The connections that this worker keeps without need: its part of `size`, which unlike PoolView::Share may be 0, so
// that the parts always add up to `size`. Without keep_warm, only until the endpoint's first call.
uint32_t LoosePool::Floor(const sdk::PoolView& view) const {
  if (!settings_.keep_warm && WasPicked(view)) return 0;
  return settings_.size / view.WorkerCount() + (view.Worker() < settings_.size % view.WorkerCount() ? 1 : 0);
}

sdk::AcquireVerdict LoosePool::Acquire(const sdk::PoolView& view) const {
  const Survey survey = Look(view, settings_.streams, Tie::kOldest);
  const bool may_grow = survey.live < view.Share(settings_.max_size);
  if (survey.best == kNoConnection) return may_grow ? sdk::AcquireVerdict::Open() : sdk::AcquireVerdict::Queue();
  const myelin_connection& best = view[survey.best];
  const bool busy = best.streams >= BusyAt(best, settings_.streams);
  return sdk::AcquireVerdict::Use(survey.best, may_grow && busy && survey.connecting == 0 ? 1 : 0);
}

// Connections to open: up to the floor, and enough for the calls that queue, should all have closed under them.
uint32_t LoosePool::Missing(const sdk::PoolView& view, uint32_t live, uint32_t connecting) const {
  const uint32_t floor = Floor(view);
  const uint32_t streams = settings_.streams == 0 ? kNominalStreams : settings_.streams;
  const uint32_t queued = view.Queued() / streams + (view.Queued() % streams > 0 ? 1 : 0);
  const uint32_t wanted = std::max(floor, live + (queued > connecting ? queued - connecting : 0));
  const uint32_t most = std::max(view.Share(settings_.max_size), floor);
  return std::min(wanted, most) > live ? std::min(wanted, most) - live : 0;
}

void LoosePool::Tick(const sdk::PoolView& view, sdk::TickCommands& commands) const {
  const Survey survey = Look(view, settings_.streams, Tie::kOldest);
  const uint32_t floor = Floor(view);
  uint32_t live = survey.live;
  for (uint32_t i = view.size(); i-- > 0;) {  // from the newest, as Acquire favours the oldest
    const bool expired = IsExpired(view[i], view.NowNs(), settings_.max_life_ns);
    const bool surplus = live > floor && IsIdle(view[i], view.NowNs(), settings_.idle_ns);
    if (!expired && !surplus) continue;
    if (!commands.Drain(i)) return;
    --live;
  }
  for (uint32_t left = Missing(view, live, survey.connecting); left > 0 && commands.Open(); --left) {
  }
}

}  // namespace myelin
