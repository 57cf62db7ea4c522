// SPDX-License-Identifier: Apache-2.0
//
// Compiles rules and reads credentials. [control]
#include "access/access_options.h"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <utility>

namespace myelin::access {
namespace {

// Runs `read`; what it throws gets the place and the name of the value in front.
template <class Read>
auto At(const sdk::Node& node, const std::string& name, Read&& read) {
  try {
    return read();
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(node.Origin() + ": " + name + ": " + error.what());
  }
}

// Calls `add` with each text of a list; a single value counts as a list of one.
void ForEachText(const sdk::Node& map, const char* name, const std::function<void(const std::string&)>& add) {
  const sdk::Node node = map.At(name);
  if (!node) return;
  const bool list = node.Kind() == MYELIN_NODE_LIST;
  const uint64_t count = list ? node.size() : 1;
  // An empty list would otherwise leave the condition out, and the rule would match more than it reads.
  if (count == 0)
    At(node, name, [] { throw std::invalid_argument("the list is empty; leave it out to match anything"); });
  for (uint64_t i = 0; i < count; ++i) {
    const sdk::Node item = list ? node[i] : node;
    At(item, name, [&] { add(item.Scalar()); });
  }
}

std::string MetadataKey(std::string key) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const auto accepted = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  std::transform(key.begin(), key.end(), key.begin(), lower);
  if (!key.empty() && std::all_of(key.begin(), key.end(), accepted)) return key;
  throw std::invalid_argument("'" + key + "' is not a metadata key; letters, digits, '-', '_' and '.' are accepted");
}

Glob MethodGlob(const std::string& text) {
  if (!text.empty() && text[0] != '/' && text[0] != '*' && text[0] != '?') {
    throw std::invalid_argument("'" + text + "' would match no call; a path such as /shop.v1.Cart/Get or " + "*/" +
                                text + " is accepted");
  }
  return Glob(text);
}

Glob ServiceGlob(const std::string& text) {
  if (text.find('/') != std::string::npos) {
    throw std::invalid_argument("'" + text + "' would match no call; a service such as shop.v1.Cart has no '/'");
  }
  return Glob(text);
}

std::string CallerName(const std::string& name, const Access& access) {
  if (!access.credentials) throw std::invalid_argument("'" + name + "' cannot be told without api_keys_file");
  if (access.credentials->ring.HasName(name) && !name.empty()) return name;
  throw std::invalid_argument("api_keys_file has no key named '" + name + "'");
}

Action ParseAction(const std::string& text) {
  if (text == "allow") return Action::kAllow;
  if (text == "deny") return Action::kDeny;
  throw std::invalid_argument("'" + text + "' is not an action; allow or deny is accepted");
}

void ReadMetadata(const sdk::Host& host, const sdk::Node& map, Rule& rule) {
  const sdk::Node metadata = map.At("metadata");
  if (!metadata) return;
  if (metadata.size() == 0) {
    At(metadata, "metadata", [] { throw std::invalid_argument("the map is empty; leave it out to match anything"); });
  }
  for (uint64_t i = 0; i < metadata.size(); ++i) {
    const sdk::Node value = metadata[i];
    At(value, "metadata", [&] {
      rule.metadata.push_back({host.WantMetadata(MetadataKey(metadata.Key(i))), Glob(value.Scalar())});
    });
  }
}

Rule ReadRule(const sdk::Host& host, const sdk::Node& map, const Access& access) {
  Rule rule;
  rule.action = At(map.At("action"), "action", [&] { return ParseAction(map.Text("action")); });
  ForEachText(map, "method", [&](const std::string& text) { rule.methods.push_back(MethodGlob(text)); });
  ForEachText(map, "service", [&](const std::string& text) { rule.services.push_back(ServiceGlob(text)); });
  ForEachText(map, "peer", [&](const std::string& text) { rule.peers.emplace_back(text); });
  ForEachText(map, "key", [&](const std::string& text) { rule.keys.push_back(CallerName(text, access)); });
  ReadMetadata(host, map, rule);
  return rule;
}

std::optional<Credentials> ReadCredentials(const sdk::Host& host, const sdk::Options& options) {
  if (!options.Has("api_keys_file")) return std::nullopt;
  const KeyFile file =
      At(options.At("api_keys_file"), "api_keys_file", [&] { return ReadKeyFile(options.Text("api_keys_file")); });
  if (!file.warning.empty()) host.Log(MYELIN_LOG_WARNING, file.warning);
  const std::string header =
      At(options.At("api_key_header"), "api_key_header", [&] { return MetadataKey(options.Text("api_key_header")); });
  return Credentials{KeyRing(file.keys), header, host.WantMetadata(header)};
}

}  // namespace

Access ReadAccess(const sdk::Host& host, const sdk::Options& options) {
  Access access(ReadCredentials(host, options), {}, ParseAction(options.Text("default")));
  const sdk::Node rules = options.At("rules");
  if (rules.Kind() == MYELIN_NODE_MAP) access.rules.push_back(ReadRule(host, rules, access));
  for (uint64_t i = 0; rules.Kind() == MYELIN_NODE_LIST && i < rules.size(); ++i) {
    access.rules.push_back(ReadRule(host, rules[i], access));
  }
  const auto allows = [](const Rule& rule) { return rule.action == Action::kAllow; };
  if (access.otherwise == Action::kDeny && std::none_of(access.rules.begin(), access.rules.end(), allows)) {
    host.Log(MYELIN_LOG_WARNING, "access: no rule allows anything and default is deny, so every call is refused");
  }
  return access;
}

}  // namespace myelin::access
