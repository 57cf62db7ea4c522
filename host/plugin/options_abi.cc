// SPDX-License-Identifier: Apache-2.0
//
// The C getters through which a policy reads its options.
#include <myelin/status.h>

#include "plugin/options_node.h"

namespace myelin {
namespace {

using Kind = Node::Kind;

myelin_string Borrow(const std::string& text) { return {text.data(), text.size()}; }

int32_t FindScalar(const myelin_node* map, const char* name, const myelin_node** out) {
  if (map == nullptr || name == nullptr) return MYELIN_ERROR_NOT_FOUND;
  *out = map->Find(name);
  if (*out == nullptr) return MYELIN_ERROR_NOT_FOUND;
  return (*out)->kind == Kind::kScalar ? MYELIN_OK : MYELIN_ERROR_TYPE;
}

int32_t GetInteger(const myelin_node* map, const char* name, int64_t* out) {
  const myelin_node* node = nullptr;
  if (const int32_t code = FindScalar(map, name, &node); code != MYELIN_OK) return code;
  if (!node->value.integer) return MYELIN_ERROR_TYPE;
  *out = *node->value.integer;
  return MYELIN_OK;
}

int32_t GetNumber(const myelin_node* map, const char* name, double* out) {
  const myelin_node* node = nullptr;
  if (const int32_t code = FindScalar(map, name, &node); code != MYELIN_OK) return code;
  if (!node->value.number) return MYELIN_ERROR_TYPE;
  *out = *node->value.number;
  return MYELIN_OK;
}

int32_t GetString(const myelin_node* map, const char* name, myelin_string* out) {
  const myelin_node* node = nullptr;
  if (const int32_t code = FindScalar(map, name, &node); code != MYELIN_OK) return code;
  *out = Borrow(node->text);
  return MYELIN_OK;
}

const myelin_node* GetNode(const myelin_node* map, const char* name) {
  return map == nullptr || name == nullptr ? nullptr : map->Find(name);
}

uint32_t KindOf(const myelin_node* node) {
  if (node == nullptr) return MYELIN_NODE_NULL;
  switch (node->kind) {
    case Kind::kNull:
      return MYELIN_NODE_NULL;
    case Kind::kScalar:
      return MYELIN_NODE_SCALAR;
    case Kind::kList:
      return MYELIN_NODE_LIST;
    case Kind::kMap:
      return MYELIN_NODE_MAP;
  }
  return MYELIN_NODE_NULL;
}

uint64_t CountOf(const myelin_node* node) { return node == nullptr ? 0 : node->children.size(); }

const myelin_node* At(const myelin_node* node, uint64_t index) {
  return index < CountOf(node) ? &node->children[index] : nullptr;
}

int32_t KeyAt(const myelin_node* map, uint64_t index, myelin_string* out) {
  if (map == nullptr) return MYELIN_ERROR_NOT_FOUND;
  if (map->kind != Kind::kMap) return MYELIN_ERROR_TYPE;
  if (index >= map->keys.size()) return MYELIN_ERROR_NOT_FOUND;
  *out = Borrow(map->keys[index]);
  return MYELIN_OK;
}

int32_t ScalarText(const myelin_node* node, myelin_string* out) {
  if (node == nullptr) return MYELIN_ERROR_NOT_FOUND;
  if (node->kind != Kind::kScalar) return MYELIN_ERROR_TYPE;
  *out = Borrow(node->text);
  return MYELIN_OK;
}

int32_t OriginText(const myelin_node* node, myelin_string* out) {
  if (node == nullptr) return MYELIN_ERROR_NOT_FOUND;
  *out = Borrow(node->origin_text);
  return MYELIN_OK;
}

}  // namespace

myelin_node MakeValue(Node::Kind kind, const Origin& origin) {
  myelin_node node;
  node.kind = kind;
  node.origin = origin;
  node.origin_text = origin.ToString();
  return node;
}

myelin_options MakeOptionsAbi(const myelin_node* root) {
  myelin_options abi{};
  abi.struct_size = sizeof(abi);
  abi.root = root;
  abi.get_integer = GetInteger;
  abi.get_number = GetNumber;
  abi.get_string = GetString;
  abi.get_node = GetNode;
  abi.kind = KindOf;
  abi.count = CountOf;
  abi.at = At;
  abi.key_at = KeyAt;
  abi.scalar = ScalarText;
  abi.origin = OriginText;
  return abi;
}

}  // namespace myelin

const myelin_node* myelin_node::Find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == key) return &children[i];
  }
  return nullptr;
}
