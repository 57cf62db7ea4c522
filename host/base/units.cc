// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace myelin {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 8> kDurationUnits{{
    {"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 6e10}, {"h", 3.6e12}, {"d", 8.64e13}}};

constexpr std::array<std::pair<std::string_view, uint64_t>, 8> kSizeUnits{{{"", 1},
                                                                            {"B", 1},
                                                                            {"KiB", 1ULL << 10},
                                                                            {"MiB", 1ULL << 20},
                                                                            {"GiB", 1ULL << 30},
                                                                            {"kB", 1000},
                                                                            {"MB", 1000000},
                                                                            {"GB", 1000000000}}};

constexpr double kMaxNs = static_cast<double>(std::numeric_limits<int64_t>::max());

// Splits "30m10s" into 30, "m" and the rest "10s".
bool TakeQuantity(std::string_view& text, double& number, std::string_view& unit) {
  if (text.empty() || (text[0] != '.' && (text[0] < '0' || text[0] > '9'))) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  size_t length = 0;
  while (length < text.size() && (text[length] < '0' || text[length] > '9')) ++length;
  unit = text.substr(0, length);
  text.remove_prefix(length);
  return true;
}

}  // namespace

std::optional<Duration> ParseDuration(std::string_view text) {
  if (text == "0") return Duration::zero();
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    double number = 0;
    std::string_view unit;
    if (!TakeQuantity(text, number, unit)) return std::nullopt;
    double scale = 0;
    for (const auto& [name, ns] : kDurationUnits) {
      if (name == unit) scale = ns;
    }
    if (scale == 0) return std::nullopt;
    total += number * scale;
  }
  if (!(total < kMaxNs)) return std::nullopt;
  return Duration(std::llround(total));
}

std::string FormatDuration(Duration duration) {
  constexpr std::array<std::pair<std::string_view, int64_t>, 7> kUnits{{{"d", 86400000000000},
                                                                        {"h", 3600000000000},
                                                                        {"m", 60000000000},
                                                                        {"s", 1000000000},
                                                                        {"ms", 1000000},
                                                                        {"us", 1000},
                                                                        {"ns", 1}}};
  int64_t rest = duration.count();
  if (rest == 0) return "0s";
  std::string text;
  for (const auto& [name, ns] : kUnits) {
    if (rest < ns) continue;
    text += std::to_string(rest / ns);
    text += name;
    rest %= ns;
  }
  return text;
}

std::optional<uint64_t> ParseSize(std::string_view text) {
  double number = 0;
  std::string_view unit;
  if (!TakeQuantity(text, number, unit) || !text.empty()) return std::nullopt;
  for (const auto& [name, scale] : kSizeUnits) {
    if (name != unit) continue;
    const double bytes = number * static_cast<double>(scale);
    if (!(bytes < 9e18)) return std::nullopt;
    return static_cast<uint64_t>(std::llround(bytes));
  }
  return std::nullopt;
}

std::string FormatSize(uint64_t bytes) {
  constexpr std::array<std::pair<std::string_view, uint64_t>, 3> kUnits{
      {{"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}}};
  for (const auto& [name, scale] : kUnits) {
    if (bytes >= scale && bytes % scale == 0) return std::to_string(bytes / scale) + std::string(name);
  }
  return std::to_string(bytes);
}

}  // namespace myelin
