// SPDX-License-Identifier: Apache-2.0
//
// The shards that a worker looks after. Changed by its owner before the worker runs, on the worker from then on.
#pragma once

#include <algorithm>
#include <vector>

#include "call/proxy_shard.h"

namespace myelin {

class ShardList {
 public:
  void Add(ProxyShard& shard) { shards_.push_back(&shard); }
  /// Answers false, and does nothing, while it has calls.
  bool Remove(ProxyShard& shard) {
    if (shard.counters().in_flight.Get() > 0) return false;
    shard.FlushResults();
    shard.Close();
    std::erase(shards_, &shard);
    return true;
  }
  void FlushResults() {
    for (ProxyShard* shard : shards_) shard->FlushResults();
  }
  void Close() {
    for (ProxyShard* shard : shards_) shard->Close();
  }

 private:
  std::vector<ProxyShard*> shards_;
};

}  // namespace myelin
