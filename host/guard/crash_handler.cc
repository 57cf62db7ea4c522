// SPDX-License-Identifier: Apache-2.0
//
// Everything from the handler down is async-signal-safe: no allocation, no lock, no formatting.
#include "guard/crash_handler.h"

#include <signal.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <string>

#include "guard/policy_guard.h"

namespace myelin {
namespace {

struct Signal {
  int number;
  const char* name;
  struct sigaction before;
};
std::array<Signal, 5> signals{{{SIGSEGV, "SIGSEGV", {}},
                               {SIGBUS, "SIGBUS", {}},
                               {SIGFPE, "SIGFPE", {}},
                               {SIGILL, "SIGILL", {}},
                               {SIGABRT, "SIGABRT", {}}}};
std::atomic<int> crash_descriptor{-1};
std::atomic_flag crashing = ATOMIC_FLAG_INIT;

iovec Part(const char* text) { return {const_cast<char*>(text), std::strlen(text)}; }
iovec Part(const std::string& text) { return {const_cast<char*>(text.data()), text.size()}; }

template <size_t kCount>
void Write(int descriptor, const std::array<iovec, kCount>& parts) {
  if (descriptor < 0) return;
  if (::writev(descriptor, parts.data(), kCount) < 0) return;  // nobody is left to be told
}

void Tell(const Signal& signal) {
  const HookSite* site = current_hook.load(std::memory_order_relaxed);
  if (site == nullptr) {
    Write(STDERR_FILENO, std::array{Part("myelin: "), Part(signal.name), Part(", in no hook of a policy\n")});
    return;
  }
  const PolicyGuard& policy = site->policy();
  NoteCrash(*site, signal.name, crash_descriptor.load());
  Write(STDERR_FILENO,
        std::array{Part("myelin: "), Part(signal.name), Part(" in "), Part(HookName(site->hook())), Part(" of "),
                   Part(policy.description()), Part(" of proxy '"), Part(policy.identity().proxy), Part("'\n")});
}

// Back in the code that crashed, the instruction crashes again, now with the handler that was there before. What was
// sent by somebody, and abort, has to be sent again.
void OnCrash(int number, siginfo_t* info, void*) {
  for (Signal& signal : signals) {
    if (signal.number != number) continue;
    if (!crashing.test_and_set()) Tell(signal);
    ::sigaction(number, &signal.before, nullptr);
  }
  if (info->si_code <= 0) ::raise(number);
}

}  // namespace

void NoteCrash(const HookSite& site, const char* how, int descriptor) {
  Write(descriptor, std::array{Part(site.policy().crash_entry()), Part(",\"hook\":\""), Part(HookName(site.hook())),
                               Part("\",\"signal\":\""), Part(how), Part("\"}\n")});
}

void InstallCrashHandler(int descriptor) {
  crash_descriptor = descriptor;
  for (Signal& signal : signals) {
    struct sigaction action {};
    action.sa_sigaction = OnCrash;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    ::sigaction(signal.number, &action, &signal.before);
  }
}

}  // namespace myelin
