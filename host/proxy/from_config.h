// SPDX-License-Identifier: Apache-2.0
//
// From a proxy's configuration to what its shards take, and what its pool says of them. Control thread.
#pragma once

#include "call/terms.h"
#include "config/config.h"
#include "policy/instance.h"

namespace myelin {

inline ProxySettings SettingsOf(const ProxyConfig& config) {
  return {config.name,           config.timeouts.request,  config.timeouts.stream_idle,
          config.timeouts.queue, config.limits.max_queued, config.access_log};
}

/// 0, any number, when the pool cannot be asked.
inline uint32_t MaxWorkers(Pool& pool) {
  uint32_t most = 0;
  if (pool.guard().quarantined()) return most;
  pool.Tell(Hook::kMaxWorkers, [&] { most = pool.functions().max_workers(pool.instance()); });
  return most;
}

}  // namespace myelin
