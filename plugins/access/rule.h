// SPDX-License-Identifier: Apache-2.0
//
// One rule: what it does to the calls it matches. Compiled once by `create` [control]; matching is [any] and allocates
// nothing.
#pragma once

#include <myelin/cpp/call.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "access/cidr.h"
#include "access/glob.h"

namespace myelin::access {

enum class Action { kAllow, kDeny };

/// A metadata key and what its values have to look like.
struct MetadataCondition {
  uint32_t slot;
  Glob value;
};

/// Matches if each list that is not empty does: of metadata all conditions, of the others at least one entry.
struct Rule {
  Action action = Action::kDeny;
  std::vector<Glob> methods;  // of the path, "/shop.v1.Cart/Get"
  std::vector<Glob> services;
  std::vector<MetadataCondition> metadata;
  std::vector<Cidr> peers;
  std::vector<std::string> keys;  // names of API keys

  /// `caller`: the name of the call's API key, empty if it has none. Where a call carries a metadata key more than
  /// once, an allow rule wants all values to match and a deny rule only one, so that no value can be smuggled past a
  /// rule.
  bool Matches(const sdk::CallView& call, std::string_view caller) const;
};

}  // namespace myelin::access
