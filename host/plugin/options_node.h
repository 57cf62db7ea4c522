// SPDX-License-Identifier: Apache-2.0
//
// What stands behind the ABI's opaque myelin_node: a checked value with its text as written, its parsed forms and its
// origin. Made by the option check, read by the C getters; owned by CheckedOptions.
#pragma once

#include <myelin/options.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/node.h"
#include "plugin/value.h"

struct myelin_node {
  myelin::Node::Kind kind = myelin::Node::Kind::kNull;
  bool quoted = false;
  std::string text;           // of a scalar, as written
  myelin::ScalarValue value;  // of a scalar
  myelin::Origin origin;
  std::string origin_text;            // `origin` as the getters show it
  std::vector<std::string> keys;      // of a map; as many as children
  std::vector<myelin_node> children;  // of a list or map

  const myelin_node* Find(std::string_view key) const;
};

namespace myelin {

/// A value without content at a place.
myelin_node MakeValue(Node::Kind kind, const Origin& origin);

/// The getters, with `root` as their root. No function of it throws, and each takes NULL for a node.
myelin_options MakeOptionsAbi(const myelin_node* root);

}  // namespace myelin
