// SPDX-License-Identifier: Apache-2.0
#include "plugin/option_table.h"

#include <array>

namespace myelin {

const myelin_option* OptionTable::Find(std::string_view name) const {
  for (uint32_t i = 0; i < count_; ++i) {
    if (name == (*this)[i].name) return &(*this)[i];
  }
  return nullptr;
}

std::vector<std::string_view> OptionTable::Names() const {
  std::vector<std::string_view> names;
  names.reserve(count_);
  for (uint32_t i = 0; i < count_; ++i) names.emplace_back((*this)[i].name);
  return names;
}

OptionTable FieldsOf(const myelin_option& option) {
  if (option.type != MYELIN_OPTION_MAP || option.fields == nullptr) return {};
  return {option.fields, option.field_count, option.field_stride};
}

std::string_view OptionTypeName(uint32_t type) {
  constexpr std::array<std::string_view, 10> kNames{"",         "bool", "integer", "number", "string",
                                                    "duration", "size", "choice",  "map",    "any"};
  return type < kNames.size() ? kNames[type] : "";
}

std::vector<std::string_view> ChoicesOf(const myelin_option& option) {
  std::vector<std::string_view> words;
  std::string_view rest = option.choices != nullptr ? option.choices : "";
  while (!rest.empty()) {
    const size_t bar = rest.find('|');
    words.push_back(rest.substr(0, bar));
    rest = bar == std::string_view::npos ? "" : rest.substr(bar + 1);
  }
  return words;
}

}  // namespace myelin
