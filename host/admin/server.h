// SPDX-License-Identifier: Apache-2.0
//
// The admin listener: health, metrics, numbers and commands over HTTP/1.1. Owned by main. It has a thread of its own
// for its connections and one for commands, so nothing that a client does to it reaches the data path.
#pragma once

#include <memory>
#include <string>

#include "admin/hooks.h"
#include "admin/session_limits.h"
#include "base/log.h"

namespace myelin {

class AdminServer {
 public:
  /// Listens on `address` (host:port, [v6]:port or :port; port 0 takes a free one) and answers from now on. `log` is
  /// borrowed. Throws StartupError when it cannot listen. [main]
  AdminServer(const std::string& address, AdminHooks hooks, Logger& log, AdminLimits limits = {});

  /// Stops answering and closes every connection. Waits for a command that is running. [main]
  ~AdminServer();

  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  /// The address as bound, so with the real port: "127.0.0.1:9850". [any thread]
  const std::string& address() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace myelin
