// SPDX-License-Identifier: Apache-2.0
//
// A configuration value as the user wrote it: a tree of scalars, lists and maps in which each
// value remembers where it came from. config/ makes it from YAML and flags; plugin/ checks policy
// options against it. It knows neither YAML nor any schema. Plain values, no thread rules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace myelin {

/// Where a value was written. `line` and `column` count from 1; 0 means the source has none (a flag, a default).
struct Origin {
  std::string source;  // "orders.yaml", "--listen", "default"
  int line = 0;
  int column = 0;

  /// "orders.yaml:12:7", or only the source where there is no line.
  std::string ToString() const;
};

struct Entry;

struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  std::string scalar;          // kScalar: the text
  bool quoted = false;         // kScalar: it stood in quotes, so it is a string whatever it looks like
  std::vector<Node> items;     // kList
  std::vector<Entry> entries;  // kMap, in the order written; keys are unique
  Origin origin;

  static Node Scalar(std::string text, Origin origin = {});
  static Node List(Origin origin = {});
  static Node Map(Origin origin = {});

  bool IsNull() const { return kind == Kind::kNull; }
  bool IsScalar() const { return kind == Kind::kScalar; }
  bool IsList() const { return kind == Kind::kList; }
  bool IsMap() const { return kind == Kind::kMap; }

  /// The value under `key`, or nullptr when this is no map or has no such key. Borrowed from this node.
  const Node* Find(std::string_view key) const;
  Node* Find(std::string_view key);

  /// Sets `key` to `value`, in place when it exists. This node becomes a map if it was null.
  Node& Set(std::string_view key, Node value);
};

/// Whether both say the same, wherever they were written; the order in maps says nothing.
bool SameValue(const Node& a, const Node& b);

struct Entry {
  std::string key;
  Origin key_origin;
  Node value;
};

}  // namespace myelin
