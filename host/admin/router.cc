// SPDX-License-Identifier: Apache-2.0
//
// The table of paths and what stands behind each.
#include "admin/router.h"

#include <algorithm>
#include <array>
#include <exception>

#include "admin/metrics.h"
#include "admin/stats_json.h"
#include "admin/status_page.h"
#include "base/log_escape.h"

namespace myelin {
namespace {

enum class PathKind { kUnknown, kPage, kCommand };

struct PathEntry {
  std::string_view path;
  PathKind kind;
};

constexpr std::array<PathEntry, 9> kPaths{{
    {"/", PathKind::kPage},
    {"/healthz", PathKind::kPage},
    {"/metrics", PathKind::kPage},
    {"/stats", PathKind::kPage},
    {"/proxy/metricsdata", PathKind::kPage},  // where the legacy gateway's container health check looks
    {"/drain", PathKind::kCommand},
    {"/reload", PathKind::kCommand},
    {"/rollback", PathKind::kCommand},
    {"/swap", PathKind::kCommand},
}};

std::string_view PathOf(std::string_view target) { return target.substr(0, target.find_first_of("?#")); }

PathKind KindOf(std::string_view path) {
  const auto* entry = std::find_if(kPaths.begin(), kPaths.end(), [&](const PathEntry& e) { return e.path == path; });
  return entry == kPaths.end() ? PathKind::kUnknown : entry->kind;
}

AdminResponse ErrorResponse(int status, std::string message) {
  return {status, "application/json", ReplyJson({false, std::move(message)}), ""};
}

AdminResponse WrongMethod(std::string_view path, std::string_view method, std::string allow) {
  AdminResponse response =
      ErrorResponse(405, std::string(path) + " takes " + allow + ", not " + std::string(method.substr(0, 32)));
  response.allow = std::move(allow);
  return response;
}

AdminResponse UnknownPath(std::string_view path) {
  std::string message = "there is nothing at " + std::string(path.substr(0, 128)) + "; there is";
  for (const PathEntry& entry : kPaths) {
    message += entry.path == "/" ? " " : ", ";
    message += entry.path;
  }
  return ErrorResponse(404, std::move(message));
}

AdminResponse Health(const HostStats& stats) {
  AdminResponse response;
  response.status = stats.draining ? 503 : 200;
  response.body = stats.draining ? "draining\n" : "ok\n";
  return response;
}

}  // namespace

bool Router::IsCommand(const AdminRequest& request) {
  return request.method == "POST" && KindOf(PathOf(request.target)) == PathKind::kCommand;
}

AdminResponse Router::Handle(const AdminRequest& request) const {
  const std::string_view path = PathOf(request.target);
  try {
    switch (KindOf(path)) {
      case PathKind::kPage:
        if (request.method != "GET" && request.method != "HEAD") return WrongMethod(path, request.method, "GET, HEAD");
        return Get(path);
      case PathKind::kCommand:
        if (request.method != "POST") return WrongMethod(path, request.method, "POST");
        return Command(path, request);
      case PathKind::kUnknown:
        break;
    }
    return UnknownPath(path);
  } catch (const std::exception& problem) {
    log_.Error("admin", "a request failed", {{"path", path}, {"reason", problem.what()}});
    return ErrorResponse(500, std::string("the request failed inside myelin: ") + problem.what());
  }
}

AdminResponse Router::Get(std::string_view path) const {
  if (path == "/") return {200, "text/html; charset=utf-8", std::string(StatusPage()), ""};
  const HostStats stats = hooks_.stats();
  if (path == "/healthz") return Health(stats);
  if (path == "/metrics") return {200, "text/plain; version=0.0.4; charset=utf-8", MetricsText(stats), ""};
  return {200, "application/json", StatsJson(stats), ""};
}

AdminResponse Router::Command(std::string_view path, const AdminRequest& request) const {
  // A page from anywhere can make a browser post to 127.0.0.1, so a browser may not command at all.
  if (request.from_browser) {
    return ErrorResponse(
        403, "commands are not taken from browsers; use `myelin " + std::string(path.substr(1)) + "` or curl");
  }
  return RunCommand(path, request.body);
}

AdminResponse Router::RunCommand(std::string_view path, std::string_view body) const {
  const CommandHook& hook = HookOf(path);
  const std::string_view name = path.substr(1);
  if (!hook)
    return ErrorResponse(501, "this myelin cannot " + std::string(name) + " while it runs; restart it instead");
  log_.Info("admin", "command received", {{"command", name}});
  const CommandReply reply = hook(body);
  log_.Write(reply.done ? LogLevel::kInfo : LogLevel::kWarning, "admin",
             reply.done ? "command done" : "command refused",
             std::array<LogField, 2>{LogField{"command", name}, LogField{"answer", reply.message}});
  return {reply.done ? 200 : 422, "application/json", ReplyJson(reply), ""};
}

const CommandHook& Router::HookOf(std::string_view path) const {
  if (path == "/drain") return hooks_.drain;
  if (path == "/rollback") return hooks_.rollback;
  return path == "/reload" ? hooks_.reload : hooks_.swap;
}

std::string ReplyJson(const CommandReply& reply) {
  std::string out = reply.done ? R"({"done":true,"message":)" : R"({"done":false,"message":)";
  AppendJsonString(out, reply.message);
  out += "}\n";
  return out;
}

}  // namespace myelin
