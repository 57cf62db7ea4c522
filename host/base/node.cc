// SPDX-License-Identifier: Apache-2.0
#include "base/node.h"

#include <algorithm>

#include <utility>

namespace myelin {

std::string Origin::ToString() const {
  if (line == 0) return source;
  return source + ":" + std::to_string(line) + ":" + std::to_string(column);
}

Node Node::Scalar(std::string text, Origin origin) {
  Node node;
  node.kind = Kind::kScalar;
  node.scalar = std::move(text);
  node.origin = std::move(origin);
  return node;
}

Node Node::List(Origin origin) {
  Node node;
  node.kind = Kind::kList;
  node.origin = std::move(origin);
  return node;
}

Node Node::Map(Origin origin) {
  Node node;
  node.kind = Kind::kMap;
  node.origin = std::move(origin);
  return node;
}

const Node* Node::Find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Node* Node::Find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).Find(key)); }

Node& Node::Set(std::string_view key, Node value) {
  if (kind == Kind::kNull) kind = Kind::kMap;
  if (Node* old = Find(key)) {
    *old = std::move(value);
    return *old;
  }
  Origin key_origin = value.origin;
  entries.push_back(Entry{std::string(key), std::move(key_origin), std::move(value)});
  return entries.back().value;
}

bool SameValue(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.scalar != b.scalar || a.quoted != b.quoted) return false;
  return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), SameValue) &&
         a.entries.size() == b.entries.size() &&
         std::all_of(a.entries.begin(), a.entries.end(), [&](const Entry& entry) {
           const Node* other = b.Find(entry.key);
           return other != nullptr && SameValue(entry.value, *other);
         });
}

}  // namespace myelin
