// SPDX-License-Identifier: Apache-2.0
//
// How one event becomes one line, as text or as JSON. Pure functions, any thread.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace myelin {

enum class LogLevel { kTrace, kDebug, kInfo, kWarning, kError, kCritical, kOff };

enum class LogFormat { kText, kJson };

/// `trace`, `debug`, `info`, `warning` (or `warn`), `error`, `critical`, `off`; nullopt for any other word.
std::optional<LogLevel> ParseLogLevel(std::string_view name);
std::string_view LogLevelName(LogLevel level);

/// `text` or `json`; nullopt for any other word.
std::optional<LogFormat> ParseLogFormat(std::string_view name);

/// A value beside a message. Text is borrowed until the line is written, which is before the logging call returns.
class LogValue {
 public:
  using Variant = std::variant<std::string_view, int64_t, uint64_t, double, bool>;

  LogValue(std::string_view text) : value_(text) {}                      // NOLINT(google-explicit-constructor)
  LogValue(const std::string& text) : value_(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  LogValue(const char* text) : value_(std::string_view(text)) {}         // NOLINT(google-explicit-constructor)
  LogValue(std::floating_point auto number) : value_(static_cast<double>(number)) {}    // NOLINT
  LogValue(std::same_as<bool> auto flag) : value_(flag) {}                              // NOLINT
  LogValue(std::signed_integral auto number) : value_(static_cast<int64_t>(number)) {}  // NOLINT
  LogValue(std::unsigned_integral auto number)                                          // NOLINT
      requires(!std::same_as<decltype(number), bool>)
      : value_(static_cast<uint64_t>(number)) {}

  const Variant& get() const { return value_; }

 private:
  Variant value_;
};

/// `key` is the program's own word (snake_case with its unit), never a peer's.
struct LogField {
  std::string_view key;
  LogValue value;
};

struct LogEvent {
  std::chrono::system_clock::time_point time;
  LogLevel level = LogLevel::kInfo;
  std::string_view component;
  std::string_view message;
  std::span<const LogField> fields;
};

/// The line, without a line end. A message is cut at 8 KiB and a field's text at 1 KiB.
/// Text: `2026-01-31T09:15:00.250Z INFO  [proxy] listening proxy=orders`.
/// JSON: `{"time":"…","level":"info","component":"proxy","message":"listening","proxy":"orders"}`.
std::string RenderLogLine(LogFormat format, const LogEvent& event);

/// `2026-01-31T09:15:00.250Z`.
std::string FormatUtc(std::chrono::system_clock::time_point time);

}  // namespace myelin
