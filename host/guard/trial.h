// SPDX-License-Identifier: Apache-2.0
//
// A policy on trial beside one that decides: what became of both, and when a canary is rolled back. Made and judged on
// the control thread; workers hold it, count in cells of their own, and may end it.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <string>

#include "base/counter.h"
#include "guard/policy_guard.h"

namespace myelin {

/// What one worker has counted of a trial. One writer.
struct alignas(64) TrialCounters {
  /// Of a canary: calls that have ended, by who decided them.
  struct Side {
    Counter calls;
    Counter failed;
  };
  Counter asked;  // of a shadow
  Counter diverged;
  Side canary;
  Side beside;
};

class Trial {
 public:
  /// `candidate` is the guard of the policy on trial, and is looked at only while that is there. `beside` names the one
  /// that decides.
  Trial(const TrialRules& rules, const PolicyGuard& candidate, std::string beside);
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  const TrialRules& rules() const { return rules_; }
  const std::string& beside() const { return beside_; }
  bool is_canary() const { return rules_.kind == TrialKind::kCanary; }

  /// [worker] Whether the candidate is asked at all.
  bool on() const { return !over_.load(std::memory_order_relaxed) && !candidate_.quarantined(); }
  /// [worker] Whether a canary decides the call that drew 64 random bits.
  bool Takes(uint64_t random) const { return random <= threshold_; }
  /// [worker] The candidate gave an invalid answer, of which a canary has few.
  void OnStrike();

  /// [control] For one worker; they live as long as this.
  TrialCounters& AddCounters();
  /// [control] Once a second: rolls back a canary whose calls fail too often, compared with the others of the last
  /// minute. Chance alone rolls back none: what it fails more must be three standard deviations of a Poisson
  /// distribution above what is allowed.
  void Judge();
  /// [any] The other policy decides all from now on. The log says `why`.
  void End(const std::string& why);

  TrialStats Stats() const;

 private:
  struct Sums {
    uint64_t calls = 0, failed = 0, calls_beside = 0, failed_beside = 0;
  };
  Sums Sum() const;

  const TrialRules rules_;
  const PolicyGuard& candidate_;
  const std::string beside_;
  const uint64_t threshold_;
  const uint64_t strikes_before_;
  std::atomic<bool> over_{false};

  mutable std::mutex mutex_;  // of all below, not of what is in the cells
  std::deque<TrialCounters> counters_;
  std::deque<Sums> minute_;  // of each second
  std::string reason_;
};

}  // namespace myelin
