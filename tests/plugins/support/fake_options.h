// SPDX-License-Identifier: Apache-2.0
//
// Options for a policy under test, from a list of keys and values as a user would write them; what is left out has the
// default of the policy's own table. Owned by the test; single-threaded. It stands in for the host's checked YAML, so
// it believes what it is given: CheckTable is what looks at the table itself.
#pragma once

#include <gtest/gtest.h>
#include <myelin/options.h>
#include <myelin/plugin.h>
#include <myelin/status.h>

#include <cctype>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A value of the user's configuration: a scalar from a string, or List{…} or Map{…} below.
struct myelin_node {
  myelin_node(const char* scalar) : kind(MYELIN_NODE_SCALAR), text(scalar) {}             // NOLINT: values read as YAML
  myelin_node(std::string scalar) : kind(MYELIN_NODE_SCALAR), text(std::move(scalar)) {}  // NOLINT
  explicit myelin_node(uint32_t node_kind) : kind(node_kind) {}

  uint32_t kind;
  std::string text;
  std::vector<std::string> keys;  // of a map, beside `items`
  std::vector<myelin_node> items;
};

namespace myelin::test {

using Fields = std::vector<std::pair<std::string, myelin_node>>;

inline myelin_node List(std::vector<myelin_node> items) {
  myelin_node node(MYELIN_NODE_LIST);
  node.items = std::move(items);
  return node;
}

inline myelin_node Map(const Fields& fields) {
  myelin_node node(MYELIN_NODE_MAP);
  for (const auto& [key, value] : fields) {
    node.keys.push_back(key);
    node.items.push_back(value);
  }
  return node;
}

// An integer with any of the suffixes of durations (as nanoseconds) and sizes (as bytes), true (1) or false (0).
inline std::optional<int64_t> ParseInteger(std::string_view text) {
  static const std::pair<std::string_view, int64_t> kUnits[] = {{"ns", 1},
                                                                {"us", 1'000},
                                                                {"ms", 1'000'000},
                                                                {"s", 1'000'000'000},
                                                                {"m", 60'000'000'000},
                                                                {"KiB", 1 << 10},
                                                                {"MiB", 1 << 20},
                                                                {"GiB", 1 << 30},
                                                                {"B", 1},
                                                                {"h", 3'600'000'000'000},
                                                                {"d", 86'400'000'000'000}};
  if (text == "true") return 1;
  if (text == "false") return 0;
  int64_t sum = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    char* end = nullptr;
    const std::string rest(text);
    const double number = std::strtod(rest.c_str(), &end);
    if (end == rest.c_str()) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - rest.c_str()));
    size_t letters = 0;
    while (letters < text.size() && std::isalpha(static_cast<unsigned char>(text[letters])) != 0) ++letters;
    int64_t factor = letters == 0 ? 1 : 0;
    for (const auto& [unit, value] : kUnits) factor = unit == text.substr(0, letters) ? value : factor;
    if (factor == 0) return std::nullopt;
    sum += static_cast<int64_t>(number * static_cast<double>(factor));
    text.remove_prefix(letters);
  }
  return sum;
}

class FakeOptions {
 public:
  FakeOptions(const myelin_policy& policy, const Fields& given = {}) : root_(MYELIN_NODE_MAP) {
    for (const auto& [key, value] : given) Add(key, value);
    for (uint32_t i = 0; i < policy.option_count; ++i) {
      const auto* option = MYELIN_AT(myelin_option, policy.options, policy.option_stride, i);
      if (option->default_value != nullptr && Find(&root_, option->name) == nullptr) {
        Add(option->name, myelin_node(option->default_value));
      }
    }
    options_.struct_size = sizeof(options_);
    options_.root = &root_;
    options_.get_integer = &GetInteger;
    options_.get_number = &GetNumber;
    options_.get_string = &GetString;
    options_.get_node = &Find;
    options_.kind = [](const myelin_node* node) { return node == nullptr ? MYELIN_NODE_NULL : node->kind; };
    options_.count = [](const myelin_node* node) -> uint64_t { return node == nullptr ? 0 : node->items.size(); };
    options_.at = &At;
    options_.key_at = &KeyAt;
    options_.scalar = &Scalar;
    options_.origin = [](const myelin_node*, myelin_string* out) { return Answer("test.yaml:1:1", out); };
  }
  FakeOptions(const FakeOptions&) = delete;
  FakeOptions& operator=(const FakeOptions&) = delete;

  const myelin_options* get() const { return &options_; }

 private:
  void Add(const std::string& key, const myelin_node& value) {
    root_.keys.push_back(key);
    root_.items.push_back(value);
  }

  static int32_t Answer(std::string_view text, myelin_string* out) {
    *out = {text.data(), text.size()};
    return MYELIN_OK;
  }

  static const myelin_node* Find(const myelin_node* map, const char* name) {
    if (map == nullptr) return nullptr;
    for (size_t i = 0; i < map->keys.size(); ++i) {
      if (map->keys[i] == name) return &map->items[i];
    }
    return nullptr;
  }

  static const myelin_node* At(const myelin_node* node, uint64_t index) {
    return node != nullptr && index < node->items.size() ? &node->items[index] : nullptr;
  }

  static int32_t KeyAt(const myelin_node* map, uint64_t index, myelin_string* out) {
    return index < map->keys.size() ? Answer(map->keys[index], out) : MYELIN_ERROR_NOT_FOUND;
  }

  static int32_t Scalar(const myelin_node* node, myelin_string* out) {
    if (node == nullptr) return MYELIN_ERROR_NOT_FOUND;
    return node->kind == MYELIN_NODE_SCALAR ? Answer(node->text, out) : MYELIN_ERROR_TYPE;
  }

  static int32_t GetString(const myelin_node* map, const char* name, myelin_string* out) {
    return Scalar(Find(map, name), out);
  }

  static int32_t GetInteger(const myelin_node* map, const char* name, int64_t* out) {
    const myelin_node* node = Find(map, name);
    if (node == nullptr) return MYELIN_ERROR_NOT_FOUND;
    const auto value = node->kind == MYELIN_NODE_SCALAR ? ParseInteger(node->text) : std::nullopt;
    if (!value) return MYELIN_ERROR_TYPE;
    *out = *value;
    return MYELIN_OK;
  }

  static int32_t GetNumber(const myelin_node* map, const char* name, double* out) {
    const myelin_node* node = Find(map, name);
    if (node == nullptr) return MYELIN_ERROR_NOT_FOUND;
    char* end = nullptr;
    const double number = std::strtod(node->text.c_str(), &end);
    if (node->kind == MYELIN_NODE_SCALAR && !node->text.empty() && *end == '\0') {
      *out = number;
      return MYELIN_OK;
    }
    int64_t whole = 0;
    const int32_t code = GetInteger(map, name, &whole);
    if (code == MYELIN_OK) *out = static_cast<double>(whole);
    return code;
  }

  myelin_node root_;
  myelin_options options_{};
};

// Expects a table that `plugins describe` can print and whose defaults a user could have typed.
inline void CheckTable(const myelin_policy& policy) {
  for (uint32_t i = 0; i < policy.option_count; ++i) {
    const auto* option = MYELIN_AT(myelin_option, policy.options, policy.option_stride, i);
    SCOPED_TRACE(option->name);
    EXPECT_STRNE(option->doc, "");
    EXPECT_FALSE((option->flags & MYELIN_OPTION_REQUIRED) != 0 && option->default_value != nullptr);
    const bool whole = option->type == MYELIN_OPTION_BOOL || option->type == MYELIN_OPTION_INTEGER ||
                       option->type == MYELIN_OPTION_DURATION || option->type == MYELIN_OPTION_SIZE;
    if (!whole || option->default_value == nullptr) continue;
    const auto value = ParseInteger(option->default_value);
    ASSERT_TRUE(value.has_value());
    if (option->minimum != nullptr) {
      EXPECT_GE(*value, ParseInteger(option->minimum).value());
    }
    if (option->maximum != nullptr) {
      EXPECT_LE(*value, ParseInteger(option->maximum).value());
    }
  }
}

}  // namespace myelin::test
