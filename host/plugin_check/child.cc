// SPDX-License-Identifier: Apache-2.0
#include "plugin_check/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/clock.h"

namespace myelin {
namespace {

[[noreturn]] void BeChild(const std::function<void(int)>& body, int out) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  body(out);
  // Not exit(): the parent's buffers and atexit handlers are not this process's to flush or run.
  ::_exit(0);
}

// Hands on all whole lines and keeps the rest.
void TakeLines(std::string& buffer, const std::function<void(const std::string&)>& on_line) {
  for (size_t end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n')) {
    on_line(buffer.substr(0, end));
    buffer.erase(0, end + 1);
  }
}

// Reads to the end of the stream; false when the time is up first.
bool ReadLines(int in, const std::function<void(const std::string&)>& on_line, uint64_t until_ns) {
  std::string buffer;
  char bytes[4096];
  while (true) {
    const uint64_t now = MonotonicNow();
    if (now >= until_ns) return false;
    pollfd ready{in, POLLIN, 0};
    const auto wait_ms = static_cast<int>(std::min<uint64_t>((until_ns - now) / 1'000'000 + 1, 60'000));
    if (::poll(&ready, 1, wait_ms) <= 0) continue;
    const ssize_t got = ::read(in, bytes, sizeof(bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    buffer.append(bytes, static_cast<size_t>(got));
    TakeLines(buffer, on_line);
  }
}

std::string HowItEnded(int status) {
  if (WIFSIGNALED(status)) {
    const char* name = ::sigabbrev_np(WTERMSIG(status));
    return "crashes with SIG" + std::string(name != nullptr ? name : std::to_string(WTERMSIG(status)));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
    return "ends the process with exit code " + std::to_string(WEXITSTATUS(status));
  }
  return "";
}

}  // namespace

std::string RunInChild(const std::function<void(int)>& body, const std::function<void(const std::string&)>& on_line,
                       Duration limit) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::string("cannot be run: ") + std::strerror(errno);
  const pid_t child = ::fork();
  if (child < 0) return std::string("cannot be run: ") + std::strerror(errno);
  if (child == 0) {
    ::close(ends[0]);
    BeChild(body, ends[1]);
  }
  ::close(ends[1]);
  const bool in_time = ReadLines(ends[0], on_line, MonotonicNow() + static_cast<uint64_t>(limit.count()));
  ::close(ends[0]);
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return in_time ? HowItEnded(status) : "does not come back within " + FormatDuration(limit);
}

}  // namespace myelin
