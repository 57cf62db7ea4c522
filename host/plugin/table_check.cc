// SPDX-License-Identifier: Apache-2.0
#include "plugin/table_check.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "plugin/value.h"

namespace myelin {
namespace {

constexpr uint32_t kMaxOptions = 1000;
constexpr int kMaxDepth = 8;  // also ends a table whose fields lead back to itself

// How far a row reached in ABI 1.0; later minors may only add behind it.
constexpr uint32_t kOptionSize = offsetof(myelin_option, field_stride) + sizeof(myelin_option::field_stride);

std::string Number(uint64_t number) { return std::to_string(number); }

std::string CheckDefaultWord(const myelin_option& row, std::string_view word) {
  const std::string quoted = "has the default '" + std::string(word) + "', which is ";
  const auto value = ParseScalar(row.type, word);
  if (!value) return quoted + "not " + std::string(Expected(row.type));
  if (!InRange(row, *value)) return quoted + "not " + RangeText(row);
  if (row.type == MYELIN_OPTION_CHOICE) {
    const auto words = ChoicesOf(row);
    if (std::find(words.begin(), words.end(), word) == words.end()) return quoted + "none of " + row.choices;
  }
  return "";
}

std::string CheckDefault(const myelin_option& row) {
  if (row.default_value == nullptr) return "";
  const std::string_view text = row.default_value;
  if (row.type == MYELIN_OPTION_MAP) {
    if (IsList(row) ? SplitDefaultList(text).empty() : text == "{}") return "";
    return "has the default '" + std::string(text) + "'; a map can only have {}, a list of maps only []";
  }
  if (!IsList(row)) return CheckDefaultWord(row, text);
  for (const std::string_view word : SplitDefaultList(text)) {
    if (std::string fault = CheckDefaultWord(row, word); !fault.empty()) return fault;
  }
  return "";
}

std::string CheckBounds(const myelin_option& row) {
  const bool ranged = row.type == MYELIN_OPTION_INTEGER || row.type == MYELIN_OPTION_NUMBER ||
                      row.type == MYELIN_OPTION_DURATION || row.type == MYELIN_OPTION_SIZE;
  if (!ranged) return "";
  for (const char* bound : {row.minimum, row.maximum}) {
    if (bound != nullptr && !ParseScalar(row.type, bound)) {
      return "has the bound '" + std::string(bound) + "', which is not " + std::string(Expected(row.type));
    }
  }
  return "";
}

std::string CheckTable(const myelin_option* rows, uint32_t count, uint32_t stride, int depth);

std::string CheckRow(const myelin_option& row, int depth) {
  if (OptionTypeName(row.type).empty()) return "has type " + Number(row.type) + ", which this host does not know";
  if (row.type == MYELIN_OPTION_CHOICE && ChoicesOf(row).empty()) return "is a choice without choices";
  if (std::string fault = CheckBounds(row); !fault.empty()) return fault;
  if (std::string fault = CheckDefault(row); !fault.empty()) return fault;
  if (row.type != MYELIN_OPTION_MAP || row.fields == nullptr) return "";
  const std::string fault = CheckTable(row.fields, row.field_count, row.field_stride, depth + 1);
  return fault.empty() ? "" : "has fields with a fault: " + fault;
}

std::string CheckShape(const myelin_option* rows, uint32_t count, uint32_t stride) {
  if (count > kMaxOptions)
    return "its option_count is " + Number(count) + ", at most " + Number(kMaxOptions) + " will do";
  if (rows == nullptr) return "its options are NULL but option_count is " + Number(count);
  if (stride < kOptionSize || stride > kMaxStride || stride % alignof(myelin_option) != 0) {
    return "its option_stride is " + Number(stride) + ", which should be sizeof(myelin_option), at least " +
           Number(sizeof(myelin_option));
  }
  return "";
}

std::string CheckTable(const myelin_option* rows, uint32_t count, uint32_t stride, int depth) {
  if (count == 0) return "";
  if (depth > kMaxDepth) return "its options are nested more than " + Number(kMaxDepth) + " deep";
  if (std::string fault = CheckShape(rows, count, stride); !fault.empty()) return fault;
  const OptionTable table(rows, count, stride);
  std::set<std::string_view> seen;
  for (uint32_t i = 0; i < count; ++i) {
    const myelin_option& row = table[i];
    const std::string which = "its option " + Number(i + 1);
    if (row.struct_size < kOptionSize || row.struct_size > stride) {
      return which + " has struct_size " + Number(row.struct_size) + ", which should be sizeof(myelin_option)";
    }
    if (row.name == nullptr) return which + " has no name";
    const std::string name = row.name;
    if (!IsPolicyWord(name)) return which + " is named '" + name + "', which is not lower-case words joined by '_'";
    if (!seen.insert(row.name).second) return "it declares the option '" + name + "' twice";
    if (std::string fault = CheckRow(row, depth); !fault.empty()) return "its option '" + name + "' " + fault;
  }
  return "";
}

}  // namespace

bool IsPolicyWord(std::string_view name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= 64 && lower(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_'; });
}

std::string CheckOptionTable(const myelin_option* rows, uint32_t count, uint32_t stride) {
  return CheckTable(rows, count, stride, 1);
}

}  // namespace myelin
