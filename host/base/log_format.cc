// SPDX-License-Identifier: Apache-2.0
//
// Rendering of log lines. Timestamps are UTC, so that lines of several machines sort together.
#include "base/log_format.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/log_escape.h"

namespace myelin {
namespace {

constexpr size_t kMaxMessageBytes = 8192;
constexpr size_t kMaxValueBytes = 1024;
constexpr std::array<std::string_view, 7> kLevelNames{"trace", "debug", "info", "warning", "error", "critical", "off"};
constexpr std::array<std::string_view, 7> kLevelTags{"TRACE", "DEBUG", "INFO ", "WARN ", "ERROR", "CRIT ", "OFF  "};

template <typename Number>
void AppendNumber(std::string& out, Number number) {
  std::array<char, 32> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end);
}

struct TextValueWriter {
  std::string& out;
  void operator()(std::string_view text) const { AppendTextValue(out, Utf8Prefix(text, kMaxValueBytes)); }
  void operator()(bool flag) const { out += flag ? "true" : "false"; }
  void operator()(auto number) const { AppendNumber(out, number); }
};

struct JsonValueWriter {
  std::string& out;
  void operator()(std::string_view text) const { AppendJsonString(out, Utf8Prefix(text, kMaxValueBytes)); }
  void operator()(bool flag) const { out += flag ? "true" : "false"; }
  void operator()(double number) const {
    if (std::isfinite(number)) {
      AppendNumber(out, number);
    } else {
      out += "null";
    }
  }
  void operator()(auto number) const { AppendNumber(out, number); }
};

void AppendTextLine(std::string& out, const LogEvent& event) {
  out += FormatUtc(event.time);
  out += ' ';
  out += kLevelTags[static_cast<size_t>(event.level)];
  out += " [";
  out += event.component;
  out += "] ";
  AppendPrintable(out, Utf8Prefix(event.message, kMaxMessageBytes));
  for (const LogField& field : event.fields) {
    out += ' ';
    out += field.key;
    out += '=';
    std::visit(TextValueWriter{out}, field.value.get());
  }
}

void AppendJsonLine(std::string& out, const LogEvent& event) {
  out += R"({"time":")";
  out += FormatUtc(event.time);
  out += R"(","level":")";
  out += LogLevelName(event.level);
  out += R"(","component":)";
  AppendJsonString(out, event.component);
  out += R"(,"message":)";
  AppendJsonString(out, Utf8Prefix(event.message, kMaxMessageBytes));
  for (const LogField& field : event.fields) {
    out += ',';
    AppendJsonString(out, field.key);
    out += ':';
    std::visit(JsonValueWriter{out}, field.value.get());
  }
  out += '}';
}

}  // namespace

std::optional<LogLevel> ParseLogLevel(std::string_view name) {
  if (name == "warn") return LogLevel::kWarning;
  for (size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] == name) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

std::string_view LogLevelName(LogLevel level) { return kLevelNames[static_cast<size_t>(level)]; }

std::optional<LogFormat> ParseLogFormat(std::string_view name) {
  if (name == "text") return LogFormat::kText;
  if (name == "json") return LogFormat::kJson;
  return std::nullopt;
}

std::string RenderLogLine(LogFormat format, const LogEvent& event) {
  std::string out;
  out.reserve(256);
  if (format == LogFormat::kJson) {
    AppendJsonLine(out, event);
  } else {
    AppendTextLine(out, event);
  }
  return out;
}

std::string FormatUtc(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<milliseconds>(time - day)};
  std::array<char, 48> text;
  const int size =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return std::string(text.data(), static_cast<size_t>(size));
}

}  // namespace myelin
