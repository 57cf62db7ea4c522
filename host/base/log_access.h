// SPDX-License-Identifier: Apache-2.0
//
// The line that is written when a call has ended. Any thread; in practice the call's worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/log.h"

namespace myelin {

/// A call, told in one line. Text is borrowed for the duration of LogAccess.
struct AccessRecord {
  std::string_view proxy;
  std::string_view method;              // "/package.Service/Method", as the downstream sent it
  std::string_view peer;                // the downstream's address
  std::string_view endpoint;            // empty: no upstream was involved
  uint32_t grpc_status = 0;             // as sent downstream
  std::string_view message;             // why it failed; empty when it did not
  uint64_t duration_ns = 0;             // from the downstream's headers to the end of the call
  std::optional<uint64_t> upstream_ns;  // from the pick to the upstream's first byte, if one came
  uint64_t bytes_sent = 0;              // downstream to upstream, message bytes
  uint64_t bytes_received = 0;          // upstream to downstream
  uint32_t attempts = 0;                // endpoints picked
};

/// Whether LogAccess would write anything, so that a call need not gather a record for nothing. `requested` is the
/// proxy's `access_log`.
inline bool AccessEnabled(const Logger& log, bool requested) noexcept {
  return requested ? log.level() != LogLevel::kOff : log.Enabled(LogLevel::kDebug);
}

/// Writes the line: at `info` whatever the log's level when the proxy's `access_log` asks for it, else at `debug`.
void LogAccess(Logger& log, bool requested, const AccessRecord& record) noexcept;

}  // namespace myelin
