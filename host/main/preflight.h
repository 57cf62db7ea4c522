// SPDX-License-Identifier: Apache-2.0
//
// Tries a plugin in a process of its own before this one loads it: what crashes or hangs there does no harm. The other
// process is this binary started anew, since a process of many threads must not fork and go on.
#pragma once

#include <set>
#include <string>

#include "base/node.h"
#include "base/units.h"
#include "plugin/plugin.h"

namespace myelin {

/// What the other process is started with; no command for users.
inline constexpr const char* kPreflightCommand = "--preflight";

class Preflight {
 public:
  struct Candidate {
    std::string file;
    PolicyKind kind = PolicyKind::kBalancer;
    std::string policy;  // "" for the only one of its kind
    Node options;
  };
  /// "" when the policy was made with these options and answered all that it was asked, else why not. What has passed
  /// once, the same bytes with the same options, is not tried again. `hash` gets the SHA-256 of the file. Blocks, at
  /// most `limit`.
  std::string Try(const Candidate& candidate, Duration limit, std::string& hash);
  /// Takes for granted that it passes: it runs already.
  void Assume(const Candidate& candidate);

 private:
  std::set<std::string> passed_;
};

}  // namespace myelin
