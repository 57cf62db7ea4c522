// SPDX-License-Identifier: Apache-2.0
//
// What the admin listener asks of the rest of the host. main fills it in; a command's hook that is not set answers 501.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/stats.h"

namespace myelin {

struct CommandReply {
  bool done = false;    // 200, else 422
  std::string message;  // a sentence for whoever typed the command
};

/// Gets the request's body. Called on the admin listener's command thread, one command at a time; it may take as long
/// as it needs, and health checks and scrapes are answered meanwhile.
using CommandHook = std::function<CommandReply(std::string_view body)>;

struct AdminHooks {
  /// Called on the admin listener's thread for each request that shows numbers. Must be quick.
  std::function<HostStats()> stats;

  CommandHook drain;
  CommandHook reload;
  CommandHook swap;
  CommandHook rollback;
};

}  // namespace myelin
