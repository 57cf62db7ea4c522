// SPDX-License-Identifier: Apache-2.0
//
// SIGURG, because nothing happens when it comes to a process that has no handler for it any more.
#include "guard/thread_stack.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <time.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string_view>

namespace myelin {
namespace {

constexpr int kFrames = 40;
constexpr int kPatienceMs = 200;

enum State : int { kIdle, kAsked, kTaking, kTaken };
std::atomic<int> state{kIdle};
std::atomic<pthread_t> asked{};
std::array<void*, kFrames> frames;
int frame_count = 0;

// A handler that comes late finds that nobody asks any more.
void Take(int) {
  const int saved = errno;
  int expected = kAsked;
  if (::pthread_equal(asked.load(), ::pthread_self()) != 0 && state.compare_exchange_strong(expected, kTaking)) {
    frame_count = ::backtrace(frames.data(), kFrames);
    state.store(kTaken);
  }
  errno = saved;
}

// One that is late is waited for by whoever asks next.
bool Wait() {
  for (int i = 0; i < kPatienceMs; ++i) {
    if (state.load() == kTaken) return true;
    const timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
  int expected = kAsked;
  state.compare_exchange_strong(expected, kIdle);
  return state.load() == kTaken;
}

// The private copy of a plugin is called NAME-HASH.so.
std::string FileOf(const Dl_info& info) {
  std::string_view path = info.dli_fname == nullptr ? "" : info.dli_fname;
  path = path.substr(path.rfind('/') + 1);
  const size_t dash = path.rfind('-');
  constexpr size_t kHashAndSuffix = 1 + 64 + 3;
  if (dash != path.npos && path.size() - dash == kHashAndSuffix) return std::string(path.substr(0, dash)) + ".so";
  return std::string(path);
}

std::string Describe(const void* address, const Dl_info& info) {
  const bool named = info.dli_sname != nullptr;
  const auto* base = static_cast<const char*>(named ? info.dli_saddr : info.dli_fbase);
  char offset[32];
  std::snprintf(offset, sizeof(offset), "+0x%tx", static_cast<const char*>(address) - base);
  return FileOf(info) + " " + (named ? info.dli_sname : "") + offset;
}

bool IsTheHost(const Dl_info& info) {
  Dl_info own{};
  return ::dladdr(reinterpret_cast<const void*>(&PrepareThreadStacks), &own) != 0 && own.dli_fbase == info.dli_fbase;
}

// The first frames are the handler's own and the kernel's way into it.
std::string Text() {
  std::string text;
  bool in_handler = true;
  for (int i = 0; i < frame_count; ++i) {
    Dl_info info{};
    if (::dladdr(frames[static_cast<size_t>(i)], &info) == 0) continue;
    const bool host = IsTheHost(info);
    if (in_handler) {
      in_handler = !host;
      if (host) ++i;  // the return into the kernel
      continue;
    }
    text += (text.empty() ? "" : " < ") + Describe(frames[static_cast<size_t>(i)], info);
    if (host) break;
  }
  return text.empty() ? "unknown" : text;
}

}  // namespace

void PrepareThreadStacks() {
  void* first[1];
  ::backtrace(first, 1);  // the first one loads the unwinder, which no handler may
  struct sigaction action {};
  action.sa_handler = Take;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGURG, &action, nullptr);
}

std::string StackOf(pthread_t thread) {
  int late = kTaken;
  state.compare_exchange_strong(late, kIdle);
  int expected = kIdle;
  asked.store(thread);
  if (!state.compare_exchange_strong(expected, kAsked)) return "not known: an earlier thread still gives its own";
  if (::pthread_kill(thread, SIGURG) != 0 || !Wait()) return "not known: the thread takes no signal";
  std::string text = Text();
  state.store(kIdle);
  return text;
}

}  // namespace myelin
