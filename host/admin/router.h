// SPDX-License-Identifier: Apache-2.0
//
// What each admin path answers, without any networking. Owned by the AdminServer.
#pragma once

#include <string>
#include <string_view>

#include "admin/hooks.h"
#include "base/log.h"

namespace myelin {

struct AdminRequest {
  std::string_view method;  // "GET", "HEAD", "POST", …
  std::string_view target;  // path, and perhaps a query, which is ignored
  std::string_view body;
  bool from_browser = false;  // it carries headers that only a page in a browser sends
};

struct AdminResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::string allow;  // of a 405: the methods that the path takes
};

class Router {
 public:
  /// `log` is borrowed.
  Router(AdminHooks hooks, Logger& log) : hooks_(std::move(hooks)), log_(log) {}

  /// Whether Handle may take long with this request, and so belongs on the command thread. [any thread]
  static bool IsCommand(const AdminRequest& request);

  /// Answers any request, with a status and a sentence when it is wrong. Never throws: a hook that does is a 500.
  /// [admin thread; command thread for commands]
  AdminResponse Handle(const AdminRequest& request) const;

 private:
  AdminResponse Get(std::string_view path) const;
  AdminResponse Command(std::string_view path, const AdminRequest& request) const;
  AdminResponse RunCommand(std::string_view path, std::string_view body) const;
  const CommandHook& HookOf(std::string_view path) const;

  const AdminHooks hooks_;
  Logger& log_;
};

/// `{"done":false,"message":"…"}`: the body of every answer to a command, and of every error.
std::string ReplyJson(const CommandReply& reply);

}  // namespace myelin
