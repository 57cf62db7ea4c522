// SPDX-License-Identifier: Apache-2.0
//
// The decisions of the pool `strict`: exactly `size` connections to each endpoint for the whole process, shared out
// over the workers. It keeps no state of its own, so all workers share one; everything is read from the host's view.
#pragma once

#include <myelin/cpp/pool.hpp>

#include <cstdint>

namespace myelin {

struct StrictSettings {
  uint32_t size = 4;         // connections per endpoint
  uint32_t streams = 100;    // calls per connection; 0: what the peer allows
  uint64_t idle_ns = 0;      // close one that had no call for so long, reopen on demand; 0: never
  uint64_t max_life_ns = 0;  // age at which one retires, ± 10 %; 0: never
};

class StrictPool {
 public:
  explicit StrictPool(const StrictSettings& settings) : settings_(settings) {}

  // [control] Each worker must own at least one connection.
  uint32_t MaxWorkers() const { return settings_.size; }

  // [worker] O(connections). The emptiest connection with room; a new one if some are missing; else the call queues.
  sdk::AcquireVerdict Acquire(const sdk::PoolView& view) const;

  // [worker] O(connections). Drains what is due and opens what is missing.
  void Tick(const sdk::PoolView& view, sdk::TickCommands& commands) const;

 private:
  bool IsKeptWhole(const sdk::PoolView& view) const;

  StrictSettings settings_;
};

}  // namespace myelin
