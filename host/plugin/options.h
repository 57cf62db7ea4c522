// SPDX-License-Identifier: Apache-2.0
//
// Checks what a user wrote for a policy against the table that the policy declares, before any of its code runs, and
// shows the result to the policy through the C getters of myelin_options. Control thread.
#pragma once

#include <myelin/options.h>

#include <memory>

#include "base/diagnostics.h"
#include "base/node.h"
#include "plugin/option_table.h"

namespace myelin {

/// Options as a policy may read them: checked, defaults filled in, scalars parsed to their declared type. Movable; what
/// abi() shows stays at its address.
class CheckedOptions {
 public:
  CheckedOptions();
  ~CheckedOptions();
  CheckedOptions(CheckedOptions&&) noexcept;
  CheckedOptions& operator=(CheckedOptions&&) noexcept;

  /// To hand to `create`. Borrowed: valid while this object lives.
  const myelin_options* abi() const;

  /// The same as plain values, for `myelin dump`: defaults have the origin "default".
  Node Effective() const;

 private:
  friend bool CheckOptions(const OptionTable& table, const Node& user, Diagnostics& diagnostics, CheckedOptions& out);

  struct Values;
  std::unique_ptr<Values> values_;
};

/// Checks `user` (a map, or null for no options) and fills `out`. False when anything is wrong; all of it is in
/// `diagnostics`, each at its own place. Required options that are missing are reported at `user.origin`.
bool CheckOptions(const OptionTable& table, const Node& user, Diagnostics& diagnostics, CheckedOptions& out);

}  // namespace myelin
