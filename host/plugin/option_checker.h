// SPDX-License-Identifier: Apache-2.0
//
// One walk over what a user wrote and the table that a policy declares, side by side: reports all that does not fit
// and makes the checked values. Made and used by CheckOptions; control thread.
#pragma once

#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "base/node.h"
#include "plugin/option_table.h"
#include "plugin/options_node.h"

namespace myelin {

class OptionChecker {
 public:
  explicit OptionChecker(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  /// The policy's whole options: a map, or null for none.
  myelin_node CheckRoot(const OptionTable& table, const Node& user);
  /// Whether nothing was wrong so far.
  bool fine() const { return fine_; }

 private:
  // `path` names the value for messages: "rules[2].method".
  myelin_node CheckMap(const OptionTable& table, const Node& user, const std::string& path);
  myelin_node CheckOption(const myelin_option& row, const Node& user, const std::string& path);
  myelin_node CheckValue(const myelin_option& row, const Node& user, const std::string& path);
  myelin_node CheckScalar(const myelin_option& row, const Node& user, const std::string& path);
  myelin_node CheckFreeMap(const Node& user, const std::string& path);
  bool CheckChoice(const myelin_option& row, const Node& user, const std::string& path);
  void ReportUnknown(const OptionTable& table, const Entry& entry, const std::string& path);
  void Error(const Origin& origin, std::string message);

  Diagnostics& diagnostics_;
  bool fine_ = true;
};

}  // namespace myelin
