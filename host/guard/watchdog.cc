// SPDX-License-Identifier: Apache-2.0
#include "guard/watchdog.h"

#include <pthread.h>

#include <algorithm>
#include <cstdlib>

#include "base/clock.h"
#include "base/units.h"
#include "guard/crash_handler.h"
#include "guard/policy_guard.h"
#include "guard/thread_stack.h"

namespace myelin {
namespace {

constexpr uint64_t kLookEveryNs = 10'000'000;
// What is tagged [control] may block, but not for ever.
constexpr Duration kControlSoftLimit = std::chrono::seconds(2);
constexpr Duration kControlHardLimit = std::chrono::seconds(10);

bool IsOver(uint64_t ns, Duration limit) { return limit.count() > 0 && ns >= static_cast<uint64_t>(limit.count()); }

std::string TimeText(uint64_t ns) {
  constexpr uint64_t kMs = 1'000'000;
  return FormatDuration(Duration(static_cast<int64_t>(ns / kMs * kMs)));
}

std::string What(const HookSite& site) {
  return std::string(HookName(site.hook())) + " of " + site.policy().description();
}

bool AnyWorkerLeft() {
  const auto& threads = GuardedThreads();
  return std::any_of(threads.begin(), threads.end(),
                     [](const auto* other) { return other->is_worker && !other->stuck; });
}

}  // namespace

Watchdog::Watchdog(Logger& log, int crash_descriptor) : log_(log), crash_descriptor_(crash_descriptor) {
  PrepareThreadStacks();
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "watchdog");
    Loop();
  });
}

Watchdog::~Watchdog() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

// Time in which the watchdog itself did not run (a stopped process, a starved machine) is nobody's fault.
void Watchdog::Loop() {
  uint64_t looked_ns = MonotonicNow();
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, std::chrono::nanoseconds(kLookEveryNs), [this] { return stopping_; })) {
    const uint64_t now_ns = MonotonicNow();
    const uint64_t gap_ns = now_ns - looked_ns;
    LookAtAll(now_ns, gap_ns > 5 * kLookEveryNs ? gap_ns - kLookEveryNs : 0);
    looked_ns = MonotonicNow();
  }
}

void Watchdog::LookAtAll(uint64_t now_ns, uint64_t not_looked_ns) {
  std::lock_guard lock(HookSitesMutex());
  uint32_t stuck = 0;
  for (GuardedThread* thread : GuardedThreads()) {
    thread->since_ns += not_looked_ns;
    LookAt(*thread, now_ns);
    stuck += thread->stuck && thread->is_worker ? 1 : 0;
  }
  stuck_workers_.store(stuck, std::memory_order_relaxed);
}

void Watchdog::LookAt(GuardedThread& thread, uint64_t now_ns) {
  HookSite* site = thread.current->load(std::memory_order_relaxed);
  const uint64_t calls = site == nullptr ? 0 : site->calls();
  if (site == nullptr || site != thread.site || calls != thread.calls) {
    if (thread.stuck) TellOfReturn(thread, now_ns);
    thread.site = site;
    thread.calls = calls;
    thread.since_ns = now_ns;
    thread.warned = thread.stuck = false;
    return;
  }
  const uint64_t ns = now_ns - thread.since_ns;
  site->NoteSeen(ns);
  const bool control = OnControlThread(site->hook());
  const GuardSettings& settings = site->policy().settings();
  if (!thread.warned && IsOver(ns, control ? kControlSoftLimit : settings.soft_limit)) Warn(thread, ns);
  if (!thread.stuck && IsOver(ns, control ? kControlHardLimit : settings.hard_limit)) Seize(thread, ns);
}

void Watchdog::Warn(GuardedThread& thread, uint64_t ns) {
  thread.warned = true;
  thread.site->policy().CountSlow();
  warnings_.Write(log_, LogLevel::kWarning, thread.site->policy().component(),
                  What(*thread.site) + " has been running for " + TimeText(ns) + " on " + thread.name + ": " +
                      StackOf(thread.handle));
}

void Watchdog::Seize(GuardedThread& thread, uint64_t ns) {
  thread.stuck = true;
  PolicyGuard& policy = thread.site->policy();
  const std::string what =
      std::string(HookName(thread.site->hook())) + " has not returned for " + TimeText(ns) + " on " + thread.name;
  policy.Abandon();
  if (policy.settings().quarantine) policy.Quarantine(what);
  const bool replaced = thread.cut_off && thread.cut_off();
  if (!replaced && !AnyWorkerLeft()) GiveUp(*thread.site, what);
  if (!thread.is_worker) {
    log_.Error(policy.component(), what + ": there are no new endpoints, health changes or reloads until it does");
    return;
  }
  const char* others = replaced ? ", and another worker takes its place" : ", and other workers take new ones";
  log_.Error(policy.component(), what + (thread.cut_off ? std::string(": its connections are closed") + others
                                                        : ": its calls wait until it does"));
}

void Watchdog::TellOfReturn(const GuardedThread& thread, uint64_t now_ns) {
  log_.Warning("guard", thread.name + " is back after " + TimeText(now_ns - thread.since_ns));
}

// No call can be served any more, or the process does not even get to serve: after a restart it does, without the
// policy.
void Watchdog::GiveUp(HookSite& site, const std::string& what) {
  log_.Critical(site.policy().component(), what + ", and no worker is left that could serve: aborting");
  log_.Flush();
  NoteCrash(site, "a hang", crash_descriptor_);
  std::abort();
}

}  // namespace myelin
