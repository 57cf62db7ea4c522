// SPDX-License-Identifier: Apache-2.0
#include "plugin_check/given_options.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace myelin {
namespace {

using Json = nlohmann::ordered_json;

const Origin kOrigin{"--option", 0, 0};

Node FromJson(const Json& json) {
  if (json.is_object()) {
    Node map = Node::Map(kOrigin);
    for (const auto& [key, value] : json.items()) map.Set(key, FromJson(value));
    return map;
  }
  if (json.is_array()) {
    Node list = Node::List(kOrigin);
    for (const Json& item : json) list.items.push_back(FromJson(item));
    return list;
  }
  return Node::Scalar(json.is_string() ? json.get<std::string>() : json.dump(), kOrigin);
}

Node FromText(const std::string& text, Diagnostics& diagnostics) {
  if (!text.starts_with('{') && !text.starts_with('[')) return Node::Scalar(text, kOrigin);
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_discarded()) return FromJson(json);
  diagnostics.Error(kOrigin, "the value " + text + " is not JSON");
  return Node::Scalar(text, kOrigin);
}

// The option's name if `option` means this policy, or "".
std::string NameFor(const PolicyHandle& policy, const std::string& option) {
  const std::string left = option.substr(0, option.find('='));
  if (left.size() == option.size()) return "";
  if (left.starts_with(policy.name + ".")) return left.substr(policy.name.size() + 1);
  return policy.options.Find(left) != nullptr ? left : "";
}

}  // namespace

Node GivenOptions(const PolicyHandle& policy, const std::vector<std::string>& given, Diagnostics& diagnostics) {
  Node map = Node::Map(kOrigin);
  for (const std::string& option : given) {
    const std::string name = NameFor(policy, option);
    if (name.empty()) continue;
    Node value = FromText(option.substr(option.find('=') + 1), diagnostics);
    Node* before = map.Find(name);
    if (before == nullptr) {
      map.Set(name, std::move(value));
      continue;
    }
    if (!before->IsList()) {
      Node list = Node::List(kOrigin);
      list.items.push_back(*before);
      *before = std::move(list);
    }
    before->items.push_back(std::move(value));
  }
  return map;
}

std::vector<std::string> UnusedOptions(const Plugin& plugin, const std::vector<std::string>& given) {
  std::vector<std::string> unused;
  for (const std::string& option : given) {
    const bool used = std::any_of(plugin.policies.begin(), plugin.policies.end(),
                                  [&](const auto& policy) { return !NameFor(*policy, option).empty(); });
    if (!used) unused.push_back(option);
  }
  return unused;
}

}  // namespace myelin
