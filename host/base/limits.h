// SPDX-License-Identifier: Apache-2.0
//
// What peers can make the host hold, in memory and in numbers. Read by config/, enforced where the bytes and the calls
// are. Plain values.
#pragma once

#include <cstdint>

#include "base/units.h"

namespace myelin {

/// Of one proxy.
struct ProxyLimits {
  uint32_t max_connections = 50'000;  // from clients
  uint32_t max_streams = 2'000;       // on one of them at a time
  uint32_t max_queued = 10'000;       // calls of a worker that wait for an endpoint, or for a connection to one
};

/// Of the process.
struct HostLimits {
  uint32_t stream_buffer = 256 << 10;      // bytes on their way, in one direction of a call
  uint64_t connection_buffer = 16 << 20;   // over all the streams of a client's connection, in one direction
  uint64_t worker_buffer = 256 << 20;      // over all the connections of a worker
  uint32_t max_header_bytes = 128 * 1024;  // of a block, as RFC 9113, 6.5.2 counts: 32 for a field besides its text
  uint32_t max_header_fields = 1000;
  Duration header_timeout = std::chrono::seconds(10);  // a client's first SETTINGS, and any block of headers
};

}  // namespace myelin
