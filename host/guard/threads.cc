// SPDX-License-Identifier: Apache-2.0
#include "guard/threads.h"

#include <signal.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "guard/policy_guard.h"

namespace myelin {
namespace {

constexpr size_t kSignalStackBytes = 64 * 1024;

// A plugin may crash by using up the thread's own stack. A stack that is there already (a sanitizer's) is left.
class SignalStack {
 public:
  SignalStack() {
    stack_t known{};
    if (::sigaltstack(nullptr, &known) != 0 || (known.ss_flags & SS_DISABLE) == 0) return;
    bytes_ = std::make_unique<char[]>(kSignalStackBytes);
    stack_t own{};
    own.ss_sp = bytes_.get();
    own.ss_size = kSignalStackBytes;
    ::sigaltstack(&own, nullptr);
  }
  ~SignalStack() {
    if (!bytes_) return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    ::sigaltstack(&none, nullptr);
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  std::unique_ptr<char[]> bytes_;
};

class Entry {
 public:
  explicit Entry(GuardedThread thread) : thread_(std::move(thread)) {
    std::lock_guard lock(HookSitesMutex());
    GuardedThreads().push_back(&thread_);
  }
  ~Entry() {
    std::lock_guard lock(HookSitesMutex());
    std::erase(GuardedThreads(), &thread_);
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  SignalStack stack_;
  GuardedThread thread_;
};

}  // namespace

std::vector<GuardedThread*>& GuardedThreads() {
  static std::vector<GuardedThread*> threads;
  return threads;
}

void GuardThisThread(const std::string& name, bool is_worker, std::function<bool()> cut_off) {
  thread_local std::unique_ptr<Entry> entry;
  GuardedThread thread;
  thread.name = name;
  thread.is_worker = is_worker;
  thread.cut_off = std::move(cut_off);
  thread.handle = ::pthread_self();
  thread.current = &current_hook;
  entry.reset();
  entry = std::make_unique<Entry>(std::move(thread));
}

}  // namespace myelin
