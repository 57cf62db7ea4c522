// SPDX-License-Identifier: Apache-2.0
#include "main/preflight.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/clock.h"
#include "plugin/library.h"

namespace myelin {
namespace {

constexpr const char* kSelf = "/proc/self/exe";

nlohmann::json ToJson(const Node& node) {
  if (node.IsList()) {
    nlohmann::json list = nlohmann::json::array();
    for (const Node& item : node.items) list.push_back(ToJson(item));
    return list;
  }
  if (!node.IsMap()) return node.scalar;
  nlohmann::json map = nlohmann::json::object();
  for (const Entry& entry : node.entries) map[entry.key] = ToJson(entry.value);
  return map;
}

std::vector<std::string> ArgumentsFor(const Preflight::Candidate& candidate, Duration limit) {
  std::vector<std::string> arguments{kSelf, kPreflightCommand, candidate.file, "--output", "json"};
  arguments.insert(arguments.end(), {"--time-limit", FormatDuration(limit)});
  arguments.insert(arguments.end(), {"--policy", std::string(PolicyKindName(candidate.kind)) + "/" + candidate.policy});
  for (const Entry& entry : candidate.options.entries) {
    const std::string value = entry.value.IsScalar() ? entry.value.scalar : ToJson(entry.value).dump();
    arguments.insert(arguments.end(), {"--option", entry.key + "=" + value});
  }
  return arguments;
}

std::string HashOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return Sha256(std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>()));
}

std::string Fingerprint(const Preflight::Candidate& candidate, const std::string& hash) {
  return hash + std::string(PolicyKindName(candidate.kind)) + "/" + candidate.policy + ToJson(candidate.options).dump();
}

/// All that the process writes, or as much as comes in time.
bool ReadAll(int from, uint64_t until_ns, std::string& text) {
  char bytes[4096];
  while (MonotonicNow() < until_ns) {
    pollfd ready{from, POLLIN, 0};
    const auto left_ms = static_cast<int>(std::min<uint64_t>((until_ns - MonotonicNow()) / 1'000'000 + 1, 60'000));
    if (::poll(&ready, 1, left_ms) <= 0) continue;
    const ssize_t got = ::read(from, bytes, sizeof(bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    text.append(bytes, static_cast<size_t>(got));
  }
  return false;
}

// The signals that main waits for are blocked here; the new process begins without that.
pid_t Spawn(std::vector<std::string> arguments, int out) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = -1;
  if (::posix_spawn(&child, kSelf, &actions, &attributes, argv.data(), environ) != 0) child = -1;
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return child;
}

/// The first errors of a report.
std::string Errors(const std::string& report) {
  const nlohmann::json json = nlohmann::json::parse(report, nullptr, false);
  std::string text;
  const auto take = [&](const nlohmann::json& part) {
    for (const auto& finding : part.value("findings", nlohmann::json::array())) {
      if (finding.value("severity", "") == "error") text += (text.empty() ? "" : "; ") + finding.value("text", "");
    }
  };
  if (!json.is_object()) return "";
  take(json);
  if (json.contains("policies")) {
    for (const auto& policy : json["policies"]) take(policy);
  }
  constexpr size_t kMost = 600;
  return text.size() > kMost ? text.substr(0, kMost) + " …" : text;
}

}  // namespace

void Preflight::Assume(const Candidate& candidate) { passed_.insert(Fingerprint(candidate, HashOf(candidate.file))); }

std::string Preflight::Try(const Candidate& candidate, Duration limit, std::string& hash) {
  hash = HashOf(candidate.file);
  const std::string fingerprint = Fingerprint(candidate, hash);
  if (passed_.count(fingerprint) > 0) return "";
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::string("it cannot be tried: ") + std::strerror(errno);
  const pid_t child = Spawn(ArgumentsFor(candidate, limit), ends[1]);
  ::close(ends[1]);
  std::string report;
  const uint64_t until_ns = MonotonicNow() + 2 * static_cast<uint64_t>(limit.count()) + 2'000'000'000;
  const bool in_time = child > 0 && ReadAll(ends[0], until_ns, report);
  ::close(ends[0]);
  if (child <= 0) return "it cannot be tried: no process for it";
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (!in_time) return "it does not come back within " + FormatDuration(limit);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    passed_.insert(fingerprint);
    return "";
  }
  const std::string errors = Errors(report);
  return errors.empty() ? "it does not pass the check; `myelin-plugin-check " + candidate.file + "` says more" : errors;
}

}  // namespace myelin
