// SPDX-License-Identifier: Apache-2.0
#include "plugin/value.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/units.h"

namespace myelin {
namespace {

ScalarValue FromInteger(int64_t integer) { return {integer, static_cast<double>(integer)}; }

template <typename T>
std::optional<T> FromChars(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<ScalarValue> ParseBool(std::string_view text) {
  if (text == "true") return FromInteger(1);
  if (text == "false") return FromInteger(0);
  return std::nullopt;
}

std::optional<ScalarValue> ParseInteger(std::string_view text) {
  const auto integer = FromChars<int64_t>(text);
  if (!integer) return std::nullopt;
  return FromInteger(*integer);
}

std::optional<ScalarValue> ParseNumber(std::string_view text) {
  const auto number = FromChars<double>(text);
  if (!number || !std::isfinite(*number)) return std::nullopt;
  return ScalarValue{std::nullopt, number};
}

std::optional<ScalarValue> ParseBytes(std::string_view text) {
  const auto bytes = ParseSize(text);
  if (!bytes || *bytes > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return FromInteger(static_cast<int64_t>(*bytes));
}

// -1, 0 or 1; integers are compared as such, as a double would round large ones.
int Compare(const ScalarValue& a, const ScalarValue& b) {
  if (a.integer && b.integer) return *a.integer < *b.integer ? -1 : (*a.integer > *b.integer ? 1 : 0);
  const double left = a.number.value_or(0);
  const double right = b.number.value_or(0);
  return left < right ? -1 : (left > right ? 1 : 0);
}

std::optional<ScalarValue> Bound(const myelin_option& option, const char* text) {
  if (text == nullptr) return std::nullopt;
  const auto value = ParseScalar(option.type, text);
  return value && value->number ? value : std::nullopt;
}

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<ScalarValue> ParseScalar(uint32_t type, std::string_view text) {
  switch (type) {
    case MYELIN_OPTION_BOOL:
      return ParseBool(text);
    case MYELIN_OPTION_INTEGER:
      return ParseInteger(text);
    case MYELIN_OPTION_NUMBER:
      return ParseNumber(text);
    case MYELIN_OPTION_DURATION: {
      const auto duration = ParseDuration(text);
      if (!duration) return std::nullopt;
      return FromInteger(duration->count());
    }
    case MYELIN_OPTION_SIZE:
      return ParseBytes(text);
    case MYELIN_OPTION_STRING:
    case MYELIN_OPTION_CHOICE:
    case MYELIN_OPTION_ANY:
      return ScalarValue{};
    default:
      return std::nullopt;
  }
}

bool InRange(const myelin_option& option, const ScalarValue& value) {
  if (!value.number) return true;
  const auto minimum = Bound(option, option.minimum);
  const auto maximum = Bound(option, option.maximum);
  return (!minimum || Compare(value, *minimum) >= 0) && (!maximum || Compare(value, *maximum) <= 0);
}

std::string RangeText(const myelin_option& option) {
  const std::string minimum = option.minimum != nullptr ? option.minimum : "";
  const std::string maximum = option.maximum != nullptr ? option.maximum : "";
  if (!minimum.empty() && !maximum.empty()) return "from " + minimum + " to " + maximum;
  if (!minimum.empty()) return "at least " + minimum;
  if (!maximum.empty()) return "at most " + maximum;
  return "";
}

ScalarValue GuessScalar(std::string_view text, bool quoted) {
  if (quoted) return {};
  for (const auto parse : {ParseInteger, ParseNumber, ParseBool}) {
    if (const auto value = parse(text)) return *value;
  }
  return {};
}

std::string_view Expected(uint32_t type) {
  switch (type) {
    case MYELIN_OPTION_BOOL:
      return "true or false";
    case MYELIN_OPTION_INTEGER:
      return "a whole number such as 16";
    case MYELIN_OPTION_NUMBER:
      return "a number such as 0.5";
    case MYELIN_OPTION_DURATION:
      return "a duration such as 250ms, 10s or 1h30m";
    case MYELIN_OPTION_SIZE:
      return "a size such as 512, 64KiB or 4MiB";
    case MYELIN_OPTION_MAP:
      return "a map";
    case MYELIN_OPTION_CHOICE:
      return "one word";
    default:
      return "a single value";
  }
}

std::vector<std::string_view> SplitDefaultList(std::string_view text) {
  text = Trim(text);
  if (text.starts_with('[') && text.ends_with(']')) text = Trim(text.substr(1, text.size() - 2));
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    words.push_back(Trim(text.substr(0, comma)));
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
  }
  return words;
}

}  // namespace myelin
