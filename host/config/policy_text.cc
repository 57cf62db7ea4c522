// SPDX-License-Identifier: Apache-2.0
#include "config/policy_text.h"

#include <utility>
#include <vector>

#include "config/reader.h"
#include "config/trial.h"
#include "config/yaml.h"

namespace myelin {
namespace {

constexpr std::string_view kAccepted = "a policy's name, or a map of one entry: its name and its options";
constexpr std::string_view kFlagForm = "NAME, NAME=key:value,key:value or NAME={yaml map}";

// Splits at the commas that are in no brackets and no quotes.
std::vector<std::string_view> SplitOptions(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t start = 0;
  int depth = 0;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool AddOption(std::string_view option, const Origin& origin, Node& options, Diagnostics& diagnostics) {
  const size_t separator = option.find_first_of(":=");
  const std::string key(Trim(option.substr(0, separator)));
  if (separator == std::string_view::npos || key.empty()) {
    diagnostics.Error(origin, Quoted(option) + " is no option; accepted: " + std::string(kFlagForm));
    return false;
  }
  if (options.Find(key) != nullptr) {
    diagnostics.Error(origin, "option " + Quoted(key) + " is given twice; accepted: once");
    return false;
  }
  std::optional<Node> value = ParseYaml(Trim(option.substr(separator + 1)), origin.source + " " + key, diagnostics);
  if (!value) return false;
  options.Set(key, std::move(*value));
  return true;
}

std::optional<Node> ParseOptions(std::string_view text, const Origin& origin, Diagnostics& diagnostics) {
  if (text.starts_with("{")) return ParseYaml(text, origin.source, diagnostics);
  Node options = Node::Map(origin);
  bool fine = true;
  for (const std::string_view option : SplitOptions(text)) {
    fine = AddOption(option, origin, options, diagnostics) && fine;
  }
  if (!fine) return std::nullopt;
  return options;
}

}  // namespace

std::optional<PolicyConfig> ReadPolicy(const Node& node, const std::string& path, Diagnostics& diagnostics) {
  if (node.IsScalar() && !node.scalar.empty()) return PolicyConfig{node.scalar, Node::Map(node.origin), node.origin};
  if (!node.IsMap() || node.entries.size() != 1 || node.entries[0].key.empty()) {
    diagnostics.Error(node.origin, path + " does not name one policy; accepted: " + std::string(kAccepted));
    return std::nullopt;
  }
  const Entry& entry = node.entries[0];
  PolicyConfig policy{entry.key, entry.value, entry.key_origin};
  if (policy.options.IsNull()) policy.options = Node::Map(entry.key_origin);
  if (!policy.options.IsMap()) {
    diagnostics.Error(entry.value.origin, "the options of " + Quoted(entry.key) + " in " + path +
                                              " are no map; accepted: a map such as {size: 4}");
    return std::nullopt;
  }
  return policy;
}

std::optional<PolicyConfig> ReadPolicyWithTrial(const Node& node, const std::string& path, Diagnostics& diagnostics) {
  Node rest = node;
  const Entry* trial = nullptr;
  bool fine = true;
  if (node.IsMap() && node.entries.size() > 1) {  // alone, the word is a policy's name
    std::erase_if(rest.entries, [](const Entry& entry) { return IsTrialKey(entry.key); });
    for (const Entry& entry : node.entries) {
      if (!IsTrialKey(entry.key)) continue;
      if (trial != nullptr) {
        diagnostics.Error(entry.key_origin, path + " has a shadow and a canary; accepted: one of them");
        fine = false;
      }
      trial = &entry;
    }
  }
  std::optional<PolicyConfig> policy = ReadPolicy(rest, path, diagnostics);
  if (trial == nullptr || !fine) return fine ? policy : std::nullopt;
  auto tried = ReadTrial(*trial, path + "." + trial->key, diagnostics);
  if (!policy || !tried) return std::nullopt;
  policy->trial = std::move(tried);
  return policy;
}

Node PolicyToNode(const PolicyConfig& policy) {
  if (policy.options.entries.empty() && !policy.trial) return Node::Scalar(policy.name, policy.origin);
  Node node = Node::Map(policy.origin);
  node.entries.push_back(Entry{policy.name, policy.origin, policy.options});
  if (policy.trial) node.entries.push_back(TrialToEntry(*policy.trial));
  return node;
}

std::optional<Node> ParsePolicyFlag(std::string_view text, const std::string& flag, Diagnostics& diagnostics) {
  const Origin origin{flag, 0, 0};
  const size_t separator = text.find('=');
  const std::string name(Trim(text.substr(0, separator)));
  if (name.empty()) {
    diagnostics.Error(origin, Quoted(text) + " names no policy; accepted: " + std::string(kFlagForm));
    return std::nullopt;
  }
  if (separator == std::string_view::npos) return Node::Scalar(name, origin);
  std::optional<Node> options = ParseOptions(Trim(text.substr(separator + 1)), origin, diagnostics);
  if (!options) return std::nullopt;
  Node node = Node::Map(origin);
  node.entries.push_back(Entry{name, origin, std::move(*options)});
  SetOrigin(node, origin);
  return node;
}

void SetOrigin(Node& node, const Origin& origin) {
  node.origin = origin;
  for (Node& item : node.items) SetOrigin(item, origin);
  for (Entry& entry : node.entries) {
    entry.key_origin = origin;
    SetOrigin(entry.value, origin);
  }
}

}  // namespace myelin
