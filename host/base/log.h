// SPDX-License-Identifier: Apache-2.0
//
// The host's log. `main` makes one Logger and hands it down by reference; there is no global one. A line is rendered
// on the caller's thread and written by the log's own thread behind a bounded queue: when the disk or the terminal is
// too slow, the oldest lines are dropped and counted, and no worker waits. spdlog is the queue and stays inside.
#pragma once

#include <atomic>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/log_file.h"
#include "base/log_format.h"

namespace myelin {

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  LogFileOptions file;        // its clock also stamps the lines
  size_t queue_lines = 8192;  // 0: lines are written before the call returns, for tests and one-shot commands
};

class Logger {
 public:
  using Fields = std::initializer_list<LogField>;

  /// Opens the log. Throws StartupError when the file cannot be written. [main]
  explicit Logger(const LogOptions& options);

  /// Writes out everything queued, then closes the file.
  ~Logger();

  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  /// Whether a line of this level would be written; ask before computing costly fields. [any thread]
  bool Enabled(LogLevel level) const noexcept { return level >= level_.load(std::memory_order_relaxed); }
  LogLevel level() const noexcept { return level_.load(std::memory_order_relaxed); }
  void SetLevel(LogLevel level) noexcept { level_.store(level, std::memory_order_relaxed); }

  /// Writes one line if the level is enabled. `component` is the part that speaks ("proxy", "plugin"). Never throws,
  /// never waits for the disk; kError and above reach the file at once. [any thread]
  void Write(LogLevel level, std::string_view component, std::string_view message,
             std::span<const LogField> fields) noexcept;

  /// As Write, but only `off` silences it: for lines that were asked for on their own, such as an access log.
  void WriteRequested(LogLevel level, std::string_view component, std::string_view message,
                      std::span<const LogField> fields) noexcept;

  void Trace(std::string_view component, std::string_view message, Fields fields = {}) noexcept {
    Write(LogLevel::kTrace, component, message, AsSpan(fields));
  }
  void Debug(std::string_view component, std::string_view message, Fields fields = {}) noexcept {
    Write(LogLevel::kDebug, component, message, AsSpan(fields));
  }
  void Info(std::string_view component, std::string_view message, Fields fields = {}) noexcept {
    Write(LogLevel::kInfo, component, message, AsSpan(fields));
  }
  void Warning(std::string_view component, std::string_view message, Fields fields = {}) noexcept {
    Write(LogLevel::kWarning, component, message, AsSpan(fields));
  }
  void Error(std::string_view component, std::string_view message, Fields fields = {}) noexcept {
    Write(LogLevel::kError, component, message, AsSpan(fields));
  }
  void Critical(std::string_view component, std::string_view message, Fields fields = {}) noexcept {
    Write(LogLevel::kCritical, component, message, AsSpan(fields));
  }

  /// Waits until every line written so far is in the file, at most `timeout`. Answers whether it is. [control, main]
  bool Flush(Duration timeout = std::chrono::seconds(2));

  /// Opens the log file again, after a log rotator moved it. Answers "" or why not; the old file then stays in use.
  /// [control]
  std::string Reopen();

  /// Lines dropped so far because the queue was full. The log itself says so too, when it gets through. [any thread]
  uint64_t dropped_lines() const;

  /// The log's clock. [any thread]
  std::chrono::system_clock::time_point Now() const { return now_(); }

 private:
  struct Backend;

  static std::span<const LogField> AsSpan(Fields fields) { return {fields.begin(), fields.size()}; }

  std::atomic<LogLevel> level_;
  const LogFormat format_;
  const WallClock now_;
  std::unique_ptr<Backend> backend_;
};

}  // namespace myelin
