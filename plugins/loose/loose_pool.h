// SPDX-License-Identifier: Apache-2.0
//
// The decisions of the pool `loose`: starts with `size` connections to each endpoint, grows under load before it is
// full, up to `max_size`, and shrinks when connections fall idle. Both numbers are for the whole process, shared out
// over the workers. It keeps no state of its own, so all workers share one; everything is read from the host's view.
#pragma once

#include <myelin/cpp/pool.hpp>

#include <cstdint>

namespace myelin {

struct LooseSettings {
  uint32_t size = 2;                  // connections per endpoint to start with
  uint32_t max_size = 64;             // the most it grows to; not less than size
  uint32_t streams = 100;             // calls per connection; 0: what the peer allows
  uint64_t idle_ns = 60'000'000'000;  // one without a call for so long closes; 0: never
  uint64_t max_life_ns = 0;           // age at which one retires, ± 10 %; 0: never
  bool keep_warm = true;              // `size` connections stay open though they are idle
};

class LoosePool {
 public:
  explicit LoosePool(const LooseSettings& settings) : settings_(settings) {}

  // [control] Each worker must be able to own at least one connection.
  uint32_t MaxWorkers() const { return settings_.max_size; }

  // [worker] O(connections). The emptiest connection with room, opening one more when even that is half full; when none
  // has room a new one, or the call queues.
  sdk::AcquireVerdict Acquire(const sdk::PoolView& view) const;

  // [worker] O(connections). Drains what is idle or due, opens what is missing.
  void Tick(const sdk::PoolView& view, sdk::TickCommands& commands) const;

 private:
  uint32_t Floor(const sdk::PoolView& view) const;
  uint32_t Missing(const sdk::PoolView& view, uint32_t live, uint32_t connecting) const;

  LooseSettings settings_;
};

}  // namespace myelin
