// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace myelin {
namespace {

constexpr std::array<std::pair<std::string_view, uint64_t>, 8> kDurationUnits{{{"ns", 1},
                                                                               {"us", 1000},
                                                                               {"µs", 1000},
                                                                               {"ms", 1000000},
                                                                               {"s", 1000000000},
                                                                               {"m", 60000000000},
                                                                               {"h", 3600000000000},
                                                                               {"d", 86400000000000}}};

constexpr std::array<std::pair<std::string_view, uint64_t>, 8> kSizeUnits{{{"", 1},
                                                                           {"B", 1},
                                                                           {"KiB", 1ULL << 10},
                                                                           {"MiB", 1ULL << 20},
                                                                           {"GiB", 1ULL << 30},
                                                                           {"kB", 1000},
                                                                           {"MB", 1000000},
                                                                           {"GB", 1000000000}}};

constexpr uint64_t kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "30m10s" is taken apart into 30, 0.0, "m" and the rest "10s". Whole and fraction are kept apart because a double
// holds only 53 bits of a count of nanoseconds or bytes.
struct Quantity {
  uint64_t whole = 0;
  double fraction = 0;
  std::string_view unit;
};

std::optional<Quantity> TakeQuantity(std::string_view& text) {
  Quantity quantity;
  const char* const end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, quantity.whole);
  if (error == std::errc::result_out_of_range) return std::nullopt;
  const bool has_whole = error == std::errc();
  if (at != end && *at == '.') {
    if (at + 1 == end || !IsDigit(at[1])) return std::nullopt;
    at = std::from_chars(at, end, quantity.fraction, std::chars_format::fixed).ptr;
  } else if (!has_whole) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<size_t>(at - text.data()));
  size_t length = 0;
  while (length < text.size() && !IsDigit(text[length]) && text[length] != '.') ++length;
  quantity.unit = text.substr(0, length);
  text.remove_prefix(length);
  return quantity;
}

// Adds the quantity in `units` to `total`; false when the unit is unknown or the sum does not fit.
template <size_t N>
bool Accumulate(const Quantity& quantity, const std::array<std::pair<std::string_view, uint64_t>, N>& units,
                uint64_t& total) {
  for (const auto& [name, scale] : units) {
    if (name != quantity.unit) continue;
    uint64_t whole = 0;
    if (__builtin_mul_overflow(quantity.whole, scale, &whole)) return false;
    if (__builtin_add_overflow(total, whole, &total)) return false;
    const auto part = static_cast<uint64_t>(std::llround(quantity.fraction * static_cast<double>(scale)));
    return !__builtin_add_overflow(total, part, &total) && total <= kMax;
  }
  return false;
}

}  // namespace

std::optional<Duration> ParseDuration(std::string_view text) {
  if (text == "0") return Duration::zero();
  if (text.empty()) return std::nullopt;
  uint64_t total = 0;
  while (!text.empty()) {
    const std::optional<Quantity> quantity = TakeQuantity(text);
    if (!quantity || !Accumulate(*quantity, kDurationUnits, total)) return std::nullopt;
  }
  return Duration(static_cast<int64_t>(total));
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
  const std::optional<Quantity> quantity = TakeQuantity(text);
  if (!quantity || !text.empty()) return std::nullopt;
  const bool in_bytes = quantity->unit.empty() || quantity->unit == "B";
  if (in_bytes && quantity->fraction != 0) return std::nullopt;
  uint64_t bytes = 0;
  if (!Accumulate(*quantity, kSizeUnits, bytes)) return std::nullopt;
  return bytes;
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
