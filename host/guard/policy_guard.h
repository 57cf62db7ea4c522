// SPDX-License-Identifier: Apache-2.0
//
// Stands between the host and one policy of one proxy: knows which plugin it is, counts its invalid answers, puts it
// into quarantine, and has the sites at which its hooks are called. Owned by the policy's instance. Any thread, unless
// said otherwise.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/stats.h"
#include "guard/hook_site.h"
#include "guard/settings.h"

namespace myelin {

/// Which policy it is, for whoever reads a log.
struct PolicyIdentity {
  std::string proxy;
  std::string kind;
  std::string policy;
  std::string file;  // as deployed
  std::string version;
  std::string hash;
  uint64_t generation = 1;
};

/// Sites must not go while the watchdog looks at one: they are made, and end, under this lock.
std::mutex& HookSitesMutex();

class PolicyGuard {
 public:
  PolicyGuard(PolicyIdentity identity, const GuardSettings& settings, Logger& log);
  ~PolicyGuard();
  PolicyGuard(const PolicyGuard&) = delete;
  PolicyGuard& operator=(const PolicyGuard&) = delete;

  const PolicyIdentity& identity() const { return identity_; }
  const GuardSettings& settings() const { return settings_; }
  Logger& log() const { return log_; }
  /// "orders/min_conn", the tag of its log lines.
  const std::string& component() const { return component_; }
  /// "balancer 'min_conn' 1.2 (/usr/lib/…/myelin_min_conn.so, 9f2c1e0c)"
  const std::string& description() const { return description_; }
  /// The beginning of its entry in the crash file, up to the hook; ready, as the crash handler can format nothing.
  const std::string& crash_entry() const { return crash_entry_; }

  /// An invalid answer: `what` was wrong. The one that fills the measure quarantines the policy.
  void Strike(std::string_view what);
  uint64_t strikes() const { return strikes_.load(std::memory_order_relaxed); }

  /// No hook may be called any more but those that give back what the policy has made. The built-in fallback decides.
  bool quarantined() const { return quarantined_.load(std::memory_order_relaxed); }
  /// Answers whether it was not before; then the log says `why`, a sentence without its subject.
  bool Quarantine(const std::string& why);

  /// A thread may be inside of it for ever: nothing of it may be called or destroyed any more.
  bool abandoned() const { return abandoned_.load(std::memory_order_relaxed); }
  void Abandon() { abandoned_.store(true, std::memory_order_relaxed); }

  /// A call of the policy took longer than the soft limit.
  void CountSlow() { slow_hooks_.fetch_add(1, std::memory_order_relaxed); }

  /// [control] A place from which one thread will call `hook`. It lives as long as this.
  HookSite& AddSite(Hook hook);

  PolicyStats Stats() const;

 private:
  bool FillsTheMeasure(uint64_t now_ns);

  const PolicyIdentity identity_;
  const GuardSettings settings_;
  Logger& log_;
  const std::string component_;
  const std::string description_;
  const std::string crash_entry_;

  std::atomic<uint64_t> strikes_{0};
  std::atomic<uint64_t> slow_hooks_{0};
  std::atomic<bool> quarantined_{false};
  std::atomic<bool> abandoned_{false};

  mutable std::mutex mutex_;              // of the two below
  std::vector<uint64_t> recent_strikes_;  // when: a ring of the last `settings_.strikes`
  std::string reason_;

  std::deque<HookSite> sites_;  // under HookSitesMutex; a deque, for addresses must stay
};

}  // namespace myelin
