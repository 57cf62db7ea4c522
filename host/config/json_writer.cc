// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "config/writer.h"

namespace myelin {
namespace {

using Json = nlohmann::ordered_json;

template <typename Number>
bool ReadsAs(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

Json ScalarToJson(const Node& node) {
  if (node.quoted) return node.scalar;
  if (node.scalar == "true") return true;
  if (node.scalar == "false") return false;
  int64_t whole = 0;
  if (ReadsAs(node.scalar, whole)) return whole;
  double number = 0;
  // from_chars also takes "inf" and "nan", which JSON has no numbers for.
  if (ReadsAs(node.scalar, number) && std::isfinite(number)) return number;
  return node.scalar;
}

Json ToJson(const Node& node) {
  if (node.IsScalar()) return ScalarToJson(node);
  if (node.IsNull()) return nullptr;
  if (node.IsList()) {
    Json list = Json::array();
    for (const Node& item : node.items) list.push_back(ToJson(item));
    return list;
  }
  Json map = Json::object();
  for (const Entry& entry : node.entries) map[entry.key] = ToJson(entry.value);
  return map;
}

void AddOrigins(const Node& node, const std::string& path, Json& origins) {
  for (size_t i = 0; i < node.items.size(); ++i)
    AddOrigins(node.items[i], path + "[" + std::to_string(i) + "]", origins);
  for (const Entry& entry : node.entries) {
    AddOrigins(entry.value, path.empty() ? entry.key : path + "." + entry.key, origins);
  }
  if (node.items.empty() && node.entries.empty()) origins[path] = node.origin.ToString();
}

// Strings come from files that were checked to be UTF-8, but flags are whatever the shell passed.
std::string Print(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

std::string WriteJson(const Node& node) { return Print(ToJson(node)); }

std::string WriteJsonWithOrigins(const Node& node) {
  Json origins = Json::object();
  AddOrigins(node, "", origins);
  Json document = Json::object();
  document["config"] = ToJson(node);
  document["origins"] = std::move(origins);
  return Print(document);
}

}  // namespace myelin
