// SPDX-License-Identifier: Apache-2.0
//
// The other end of the admin listener, for `myelin drain`, `reload` and `swap`. One blocking exchange for each call;
// any thread.
#pragma once

#include <string>

#include "base/units.h"

namespace myelin {

struct AdminAnswer {
  int status = 0;       // 0: no answer came
  std::string body;     // what the listener sent
  std::string failure;  // of status 0: a sentence that names the address and the reason

  bool ok() const { return status >= 200 && status < 300; }
};

/// Sends one request to the admin listener at `address` (host:port, [v6]:port or :port) and waits at most `timeout` for
/// the whole answer, of at most 16 MiB.
AdminAnswer AdminPost(const std::string& address, const std::string& path, const std::string& body, Duration timeout);
AdminAnswer AdminGet(const std::string& address, const std::string& path, Duration timeout);

/// What a command line prints: the answer's "message", its body when it has none, or the failure.
std::string AnswerText(const AdminAnswer& answer);

}  // namespace myelin
