// SPDX-License-Identifier: Apache-2.0
//
// The counting behind LogLimit.
#include "base/log_limit.h"

namespace myelin {

void LogLimit::Write(Logger& log, LogLevel level, std::string_view component, std::string_view message,
                     Logger::Fields fields) noexcept {
  if (!log.Enabled(level)) return;
  const std::optional<uint64_t> suppressed = Admit(log.Now());
  if (!suppressed) return;
  const std::span<const LogField> span(fields.begin(), fields.size());
  if (*suppressed == 0) {
    log.Write(level, component, message, span);
    return;
  }
  try {
    log.Write(level, component, std::string(message) + " (and " + std::to_string(*suppressed) + " more)", span);
  } catch (...) {  // out of memory: the line without the count
    log.Write(level, component, message, span);
  }
}

std::optional<uint64_t> LogLimit::Admit(std::chrono::system_clock::time_point now) noexcept {
  const auto second = static_cast<uint64_t>(now.time_since_epoch() / std::chrono::seconds(1)) & 0xFFFFFFFFu;
  uint64_t window = window_.load(std::memory_order_relaxed);
  uint64_t next = 0;
  do {
    const uint64_t used = (window >> 32) == second ? window & 0xFFFFFFFFu : 0;
    if (used >= lines_per_second_) {
      suppressed_.fetch_add(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    next = (second << 32) | (used + 1);
  } while (!window_.compare_exchange_weak(window, next, std::memory_order_relaxed));
  return suppressed_.exchange(0, std::memory_order_relaxed);
}

}  // namespace myelin
