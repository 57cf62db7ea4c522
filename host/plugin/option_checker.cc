// SPDX-License-Identifier: Apache-2.0
#include "plugin/option_checker.h"

#include <algorithm>
#include <utility>

#include "plugin/value.h"

namespace myelin {
namespace {

const Origin kDefaultOrigin{"default", 0, 0};

std::string Join(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

// A value as a message shows it.
std::string Shown(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kScalar:
      return "'" + node.scalar + "'";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
  }
  return "";
}

// "a whole number such as 16 (from 1 to 64)"
std::string Accepted(const myelin_option& row) {
  if (row.type == MYELIN_OPTION_CHOICE) return "one of " + Join(ChoicesOf(row));
  const std::string range = RangeText(row);
  return std::string(Expected(row.type)) + (range.empty() ? "" : " (" + range + ")");
}

std::string Below(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

// A value that no table speaks about, as it stands.
myelin_node Untyped(const Node& user) {
  myelin_node value = MakeValue(user.kind, user.origin);
  value.text = user.scalar;
  value.quoted = user.quoted;
  if (user.IsScalar()) value.value = GuessScalar(user.scalar, user.quoted);
  for (const Node& item : user.items) value.children.push_back(Untyped(item));
  for (const Entry& entry : user.entries) {
    value.keys.push_back(entry.key);
    value.children.push_back(Untyped(entry.value));
  }
  return value;
}

// The default as the user would have written it.
Node DefaultOf(const myelin_option& row) {
  const std::string_view text = row.default_value;
  if (IsList(row)) {
    Node list = Node::List(kDefaultOrigin);
    for (const std::string_view word : SplitDefaultList(text)) {
      list.items.push_back(Node::Scalar(std::string(word), kDefaultOrigin));
    }
    return list;
  }
  if (row.type == MYELIN_OPTION_MAP) return Node::Map(kDefaultOrigin);
  return Node::Scalar(std::string(text), kDefaultOrigin);
}

}  // namespace

myelin_node OptionChecker::CheckRoot(const OptionTable& table, const Node& user) {
  if (user.IsNull()) return CheckMap(table, Node::Map(user.origin), "");
  if (user.IsMap()) return CheckMap(table, user, "");
  Error(user.origin, "options are a map such as {name: value}, not " + Shown(user) +
                         (table.empty() ? "; this policy takes none" : "; accepted are " + Join(table.Names())));
  return MakeValue(Node::Kind::kMap, user.origin);
}

myelin_node OptionChecker::CheckMap(const OptionTable& table, const Node& user, const std::string& path) {
  myelin_node map = MakeValue(Node::Kind::kMap, user.origin);
  for (const Entry& entry : user.entries) {
    if (table.Find(entry.key) == nullptr) ReportUnknown(table, entry, path);
  }
  for (uint32_t i = 0; i < table.size(); ++i) {
    const myelin_option& row = table[i];
    const std::string below = Below(path, row.name);
    const Node* given = user.Find(row.name);
    if (given == nullptr && row.default_value == nullptr) {
      if (IsRequired(row)) Error(user.origin, "option '" + below + "' is missing; it takes " + Accepted(row));
      continue;
    }
    map.keys.emplace_back(row.name);
    map.children.push_back(CheckOption(row, given != nullptr ? *given : DefaultOf(row), below));
  }
  return map;
}

myelin_node OptionChecker::CheckOption(const myelin_option& row, const Node& user, const std::string& path) {
  if (!IsList(row)) return CheckValue(row, user, path);
  myelin_node list = MakeValue(Node::Kind::kList, user.origin);
  if (!user.IsList()) {
    list.children.push_back(CheckValue(row, user, path));
    return list;
  }
  for (size_t i = 0; i < user.items.size(); ++i) {
    list.children.push_back(CheckValue(row, user.items[i], path + "[" + std::to_string(i) + "]"));
  }
  return list;
}

myelin_node OptionChecker::CheckValue(const myelin_option& row, const Node& user, const std::string& path) {
  if (row.type == MYELIN_OPTION_ANY) return Untyped(user);
  if (row.type != MYELIN_OPTION_MAP) return CheckScalar(row, user, path);
  if (!user.IsMap()) {
    Error(user.origin, path + ": " + Shown(user) + " is given, accepted is a map" +
                           (row.fields == nullptr ? "" : " with the keys " + Join(FieldsOf(row).Names())));
    return MakeValue(Node::Kind::kMap, user.origin);
  }
  return row.fields == nullptr ? CheckFreeMap(user, path) : CheckMap(FieldsOf(row), user, path);
}

myelin_node OptionChecker::CheckFreeMap(const Node& user, const std::string& path) {
  for (const Entry& entry : user.entries) {
    if (entry.value.IsScalar()) continue;
    Error(entry.value.origin,
          Below(path, entry.key) + ": " + Shown(entry.value) + " is given, accepted is a single value");
  }
  return Untyped(user);
}

myelin_node OptionChecker::CheckScalar(const myelin_option& row, const Node& user, const std::string& path) {
  myelin_node value = MakeValue(Node::Kind::kScalar, user.origin);
  value.text = user.scalar;
  value.quoted = user.quoted;
  if (!user.IsScalar()) {
    Error(user.origin, path + ": " + Shown(user) + " is given, accepted is " + Accepted(row));
    return value;
  }
  if (row.type == MYELIN_OPTION_CHOICE && !CheckChoice(row, user, path)) return value;
  const auto parsed = ParseScalar(row.type, user.scalar);
  if (!parsed) {
    Error(user.origin, path + ": " + Shown(user) + " is not " + Accepted(row));
    return value;
  }
  if (!InRange(row, *parsed)) {
    Error(user.origin, path + ": " + user.scalar + " is out of range, accepted is " + RangeText(row));
  }
  value.value = *parsed;
  return value;
}

bool OptionChecker::CheckChoice(const myelin_option& row, const Node& user, const std::string& path) {
  const auto words = ChoicesOf(row);
  if (std::find(words.begin(), words.end(), user.scalar) != words.end()) return true;
  Error(user.origin, path + ": " + Shown(user) + " is none of " + Join(words) + DidYouMean(user.scalar, words));
  return false;
}

void OptionChecker::ReportUnknown(const OptionTable& table, const Entry& entry, const std::string& path) {
  const auto names = table.Names();
  std::string message = "unknown option '" + Below(path, entry.key) + "'";
  if (names.empty()) {
    message += ": this policy takes no options";
  } else {
    message += DidYouMean(entry.key, names) + " (accepted: " + Join(names) + ")";
  }
  Error(entry.key_origin, std::move(message));
}

void OptionChecker::Error(const Origin& origin, std::string message) {
  fine_ = false;
  diagnostics_.Error(origin, std::move(message));
}

}  // namespace myelin
