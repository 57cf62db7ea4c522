// SPDX-License-Identifier: Apache-2.0
//
// Keeps a line that may come a million times a second from filling the disk. Owned by the place that logs, one for
// each kind of line; the line itself goes to the Logger it is given. Any thread; no lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/log.h"

namespace myelin {

class LogLimit {
 public:
  explicit LogLimit(uint32_t lines_per_second = 1) : lines_per_second_(lines_per_second) {}

  /// Writes the line, or counts it when this second's share is used up. The first line after such a silence ends in
  /// "(and 123 more)".
  void Write(Logger& log, LogLevel level, std::string_view component, std::string_view message,
             Logger::Fields fields = {}) noexcept;

  /// Whether a line may be written at `now`: how many were kept back since the last one, or nullopt to keep it back.
  std::optional<uint64_t> Admit(std::chrono::system_clock::time_point now) noexcept;

 private:
  const uint32_t lines_per_second_;
  std::atomic<uint64_t> window_{0};  // the second in the upper half, lines written in it in the lower
  std::atomic<uint64_t> suppressed_{0};
};

}  // namespace myelin
