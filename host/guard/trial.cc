// SPDX-License-Identifier: Apache-2.0
#include "guard/trial.h"

#include <cmath>
#include <cstdio>
#include <utility>

namespace myelin {
namespace {

constexpr size_t kJudgedSeconds = 60;
// Fewer failures than these say nothing.
constexpr uint64_t kFewFailures = 5;

uint64_t Threshold(double share) { return share >= 1 ? UINT64_MAX : static_cast<uint64_t>(std::ldexp(share, 64)); }

std::string Percent(uint64_t part, uint64_t whole) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g%%", 100 * static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

}  // namespace

Trial::Trial(const TrialRules& rules, const PolicyGuard& candidate, std::string beside)
    : rules_(rules),
      candidate_(candidate),
      beside_(std::move(beside)),
      threshold_(Threshold(rules.share)),
      strikes_before_(candidate.strikes()) {}

void Trial::OnStrike() {
  if (!is_canary() || rules_.strikes == 0 || !on()) return;
  if (candidate_.strikes() - strikes_before_ < rules_.strikes) return;
  End(std::to_string(rules_.strikes) + " invalid answers");
}

TrialCounters& Trial::AddCounters() {
  std::lock_guard lock(mutex_);
  return counters_.emplace_back();
}

Trial::Sums Trial::Sum() const {
  Sums sums;
  for (const TrialCounters& worker : counters_) {
    sums.calls += worker.canary.calls.Get();
    sums.failed += worker.canary.failed.Get();
    sums.calls_beside += worker.beside.calls.Get();
    sums.failed_beside += worker.beside.failed.Get();
  }
  return sums;
}

// One failure more than the others had is taken for granted, as a rate of 0 out of few says little.
void Trial::Judge() {
  if (!is_canary() || rules_.error_rate == 0 || !on()) return;
  std::string why;
  {
    std::lock_guard lock(mutex_);
    const Sums now = Sum();
    const Sums then = minute_.empty() ? Sums{} : minute_.front();
    minute_.push_back(now);
    if (minute_.size() > kJudgedSeconds) minute_.pop_front();
    const uint64_t calls = now.calls - then.calls;
    const uint64_t failed = now.failed - then.failed;
    const uint64_t others = now.calls_beside - then.calls_beside;
    const uint64_t others_failed = now.failed_beside - then.failed_beside;
    const double allowed = rules_.error_rate * static_cast<double>(calls) * static_cast<double>(others_failed + 1) /
                           static_cast<double>(others + 1);
    if (failed < kFewFailures || static_cast<double>(failed) <= allowed + 3 * std::sqrt(allowed)) return;
    why = std::to_string(failed) + " of its " + std::to_string(calls) + " calls failed (" + Percent(failed, calls) +
          "), of the other " + std::to_string(others) + " " + std::to_string(others_failed);
    if (others > 0) why += " (" + Percent(others_failed, others) + ")";
  }
  End(why);
}

void Trial::End(const std::string& why) {
  {
    std::lock_guard lock(mutex_);
    if (over_.exchange(true, std::memory_order_relaxed)) return;
    reason_ = why;
  }
  const char* what = is_canary() ? "canary " : "shadow ";
  candidate_.log().Error(candidate_.component(), what + candidate_.description() + " is rolled back: " + why + "; '" +
                                                     beside_ + "' decides all calls");
}

TrialStats Trial::Stats() const {
  std::lock_guard lock(mutex_);
  TrialStats stats;
  stats.kind = is_canary() ? "canary" : "shadow";
  stats.beside = beside_;
  stats.share = rules_.share;
  for (const TrialCounters& worker : counters_) {
    stats.asked += worker.asked.Get();
    stats.diverged += worker.diverged.Get();
  }
  const Sums sums = Sum();
  stats.calls = sums.calls;
  stats.failed = sums.failed;
  stats.calls_beside = sums.calls_beside;
  stats.failed_beside = sums.failed_beside;
  stats.over = over_.load(std::memory_order_relaxed);
  stats.reason = reason_;
  return stats;
}

}  // namespace myelin
