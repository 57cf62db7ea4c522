// SPDX-License-Identifier: Apache-2.0
//
// Reads a scalar as the type that an option declares. Pure functions, any thread.
#pragma once

#include <myelin/options.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace myelin {

/// A scalar's value in the forms that the C getters hand out.
struct ScalarValue {
  std::optional<int64_t> integer;  // BOOL, INTEGER, DURATION in nanoseconds, SIZE in bytes
  std::optional<double> number;    // NUMBER, and wherever `integer` is
};

/// nullopt when `text` is not a value of `type`. STRING and ANY take all; CHOICE too, as only the caller knows the
/// words.
std::optional<ScalarValue> ParseScalar(uint32_t type, std::string_view text);

/// What an untyped scalar looks like: an integer, a number, a bool, or neither of these.
ScalarValue GuessScalar(std::string_view text, bool quoted);

/// Whether a value is within the option's minimum and maximum. An unreadable bound does not bind.
bool InRange(const myelin_option& option, const ScalarValue& value);

/// "from 1 to 64", "at least 1s", "at most 4MiB", or "".
std::string RangeText(const myelin_option& option);

/// "a duration such as 250ms or 1h30m", for messages.
std::string_view Expected(uint32_t type);

/// The values of a LIST option's default: "a, b" or "[a, b]"; "" and "[]" have none.
std::vector<std::string_view> SplitDefaultList(std::string_view text);

}  // namespace myelin
