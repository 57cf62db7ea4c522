// SPDX-License-Identifier: Apache-2.0
//
// Runs a function in a forked child that may crash or hang, and hands what it writes, line by line, to the parent.
// Call from a process with one thread.
#pragma once

#include <functional>
#include <string>

#include "base/units.h"

namespace myelin {

/// `body` gets the descriptor to write lines to; `on_line` runs in the parent. After `limit` the child is killed.
/// Answers "" when the child came to its end by itself, or how else it ended: "crashes with SIGSEGV".
std::string RunInChild(const std::function<void(int)>& body, const std::function<void(const std::string&)>& on_line,
                       Duration limit);

}  // namespace myelin
