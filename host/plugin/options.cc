// SPDX-License-Identifier: Apache-2.0
#include "plugin/options.h"

#include <utility>

#include "plugin/option_checker.h"
#include "plugin/options_node.h"

namespace myelin {
namespace {

Node ToNode(const myelin_node& value) {
  Node node;
  node.kind = value.kind;
  node.scalar = value.text;
  node.quoted = value.quoted;
  node.origin = value.origin;
  for (size_t i = 0; i < value.children.size(); ++i) {
    Node child = ToNode(value.children[i]);
    if (value.kind == Node::Kind::kMap) {
      node.entries.push_back({value.keys[i], value.children[i].origin, std::move(child)});
    } else {
      node.items.push_back(std::move(child));
    }
  }
  return node;
}

}  // namespace

struct CheckedOptions::Values {
  explicit Values(myelin_node checked) : root(std::move(checked)), abi(MakeOptionsAbi(&root)) {}

  myelin_node root;
  myelin_options abi;
};

CheckedOptions::CheckedOptions() : values_(std::make_unique<Values>(MakeValue(Node::Kind::kMap, {"default", 0, 0}))) {}
CheckedOptions::~CheckedOptions() = default;
CheckedOptions::CheckedOptions(CheckedOptions&&) noexcept = default;
CheckedOptions& CheckedOptions::operator=(CheckedOptions&&) noexcept = default;

const myelin_options* CheckedOptions::abi() const { return &values_->abi; }

Node CheckedOptions::Effective() const { return ToNode(values_->root); }

bool CheckOptions(const OptionTable& table, const Node& user, Diagnostics& diagnostics, CheckedOptions& out) {
  OptionChecker checker(diagnostics);
  out.values_ = std::make_unique<CheckedOptions::Values>(checker.CheckRoot(table, user));
  return checker.fine();
}

}  // namespace myelin
