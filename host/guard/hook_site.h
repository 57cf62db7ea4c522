// SPDX-License-Identifier: Apache-2.0
//
// One hook of one policy as one thread calls it: how often, and how long it takes, measured for one call of many. And
// the way into every hook, which notes for the watchdog and the crash handler what the thread is in, and lets no
// exception out. A site has one writer; anyone may read. Owned by the PolicyGuard.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <utility>

#include "base/clock.h"
#include "base/stats.h"
#include "guard/hook.h"

namespace myelin {

class PolicyGuard;

class HookSite {
 public:
  /// Of `every` calls one is timed; a power of two.
  HookSite(PolicyGuard& policy, Hook hook, uint32_t every) : policy_(policy), hook_(hook), mask_(every - 1) {}
  HookSite(const HookSite&) = delete;
  HookSite& operator=(const HookSite&) = delete;

  PolicyGuard& policy() const { return policy_; }
  Hook hook() const { return hook_; }
  /// Calls begun, so that two looks at a thread tell one long call from two short ones.
  uint64_t calls() const { return calls_.load(std::memory_order_relaxed); }

  /// Counts a call. Whether it is to be timed.
  bool Count() {
    const uint64_t before = calls();
    calls_.store(before + 1, std::memory_order_relaxed);
    return (before & mask_) == 0;
  }
  /// Calls that the host decided without asking, as the policy is quarantined.
  void CountPassedOver() { passed_over_.store(passed_over() + 1, std::memory_order_relaxed); }
  uint64_t passed_over() const { return passed_over_.load(std::memory_order_relaxed); }

  /// Runs `call` and notes how long it took. The clock itself takes as long as many hooks do, so it is read once more
  /// than needed, and what that took is taken off.
  template <typename Call>
  auto Timed(const Call& call) {
    const uint64_t before = MonotonicNow();
    const uint64_t begin = MonotonicNow();
    const auto answer = call();
    const uint64_t end = MonotonicNow();
    const uint64_t clock = begin - before;
    Note(end - begin > clock ? end - begin - clock : 1);
    return answer;
  }

  void Note(uint64_t ns);
  /// [watchdog] What it saw a call take, timed or not.
  void NoteSeen(uint64_t ns);
  void AddTo(HookStats& stats) const;

 private:
  PolicyGuard& policy_;
  const Hook hook_;
  const uint32_t mask_;
  std::atomic<uint64_t> calls_{0};
  std::atomic<uint64_t> passed_over_{0};
  std::array<std::atomic<uint64_t>, kHookBuckets> times_{};
  std::atomic<uint64_t> sum_ns_{0};
  std::atomic<uint64_t> max_ns_{0};
  std::atomic<uint64_t> seen_max_ns_{0};
};

/// What this thread is in, or nullptr. Read by the watchdog, and by the crash handler on this thread.
inline constinit thread_local std::atomic<HookSite*> current_hook{nullptr};

/// Runs `call`, a hook, and answers what it answers, or `if_thrown` when it throws: no exception of a plugin unwinds
/// the host. Nothing else of the host may run inside `call`.
template <typename Call, typename Answer>
Answer EnterHook(HookSite& site, Answer if_thrown, const Call& call) {
  const bool timed = site.Count();
  current_hook.store(&site, std::memory_order_relaxed);
  Answer answer = if_thrown;
  try {
    if (timed) [[unlikely]] {
      answer = site.Timed(call);
    } else {
      answer = call();
    }
  } catch (...) {
    answer = if_thrown;
  }
  current_hook.store(nullptr, std::memory_order_relaxed);
  return answer;
}

}  // namespace myelin
