// SPDX-License-Identifier: Apache-2.0
//
// The commands that talk to a running myelin through its admin listener: reload, rollback, swap, drain.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "admin/client.h"
#include "main/commands.h"

namespace myelin {
namespace {

constexpr Duration kPatience = std::chrono::minutes(2);

std::string PathOf(Command command) {
  if (command == Command::kReload) return "/reload";
  if (command == Command::kRollback) return "/rollback";
  return command == Command::kSwap ? "/swap" : "/drain";
}

std::string BodyOf(const CommandLine& command) {
  nlohmann::json body = nlohmann::json::object();
  if (!command.proxy.empty()) body["proxy"] = command.proxy;
  if (command.balancer) body["balancer"] = *command.balancer;
  if (command.pool) body["pool"] = *command.pool;
  if (!command.limiters.empty()) body["limiters"] = command.limiters;
  if (command.shadow) body["shadow"] = true;
  if (command.canary) body["canary"] = *command.canary;
  return body.dump();
}

}  // namespace

int Remote(const CommandLine& command) {
  const AdminAnswer answer = AdminPost(command.admin, PathOf(command.command), BodyOf(command), kPatience);
  const std::string text =
      command.output == OutputFormat::kJson && answer.status != 0 ? answer.body : AnswerText(answer);
  std::fprintf(answer.ok() ? stdout : stderr, "%s\n", text.c_str());
  return answer.ok() ? 0 : 1;
}

}  // namespace myelin
