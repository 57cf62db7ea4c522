// SPDX-License-Identifier: Apache-2.0
#include "admin/policy_metrics.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace myelin {
namespace {

void AddHook(MetricFamilies& out, const MetricLabels& policy, const HookStats& hook) {
  // Every fourth power of two is a bound: 64 ns, 256 ns, … 17 s.
  constexpr size_t kFirst = 6;
  std::vector<double> bounds;
  std::vector<uint64_t> counts{0};
  for (size_t i = 0; i < kHookBuckets; ++i) {
    counts.back() += hook.times[i];
    if (i < kFirst || (i - kFirst) % 2 != 0 || i + 2 >= kHookBuckets) continue;
    bounds.push_back(static_cast<double>(uint64_t{1} << i) * 1e-9);
    counts.push_back(0);
  }
  const MetricLabels labels = With(policy, "hook", hook.hook);
  out.Counter("myelin_hook_calls_total", "Calls of a policy's hook.", labels, hook.calls);
  out.Counter("myelin_hook_passed_over_total", "Decided by the host without asking a policy that is in quarantine.",
              labels, hook.passed_over);
  out.Histogram("myelin_hook_duration_seconds", "Time of a policy's hook: of one call of 256 on the way of a call.",
                labels, bounds, counts, hook.sum_seconds);
}

void Add(TrialStats& sum, const TrialStats& other) {
  sum.asked += other.asked;
  sum.diverged += other.diverged;
  sum.calls += other.calls;
  sum.failed += other.failed;
  sum.calls_beside += other.calls_beside;
  sum.failed_beside += other.failed_beside;
  sum.over = sum.over || other.over;
}

void AddTrial(MetricFamilies& out, const MetricLabels& policy, const TrialStats& trial) {
  const MetricLabels labels = With(policy, "beside", trial.beside);
  out.Gauge("myelin_trial_rolled_back", "1 for a policy on trial that is not asked any more.", labels,
            trial.over ? 1 : 0);
  if (trial.kind == "shadow") {
    const std::pair<const char*, uint64_t> answers[] = {{"same", trial.asked - trial.diverged},
                                                        {"other", trial.diverged}};
    for (const auto& [answer, count] : answers) {
      out.Counter("myelin_shadow_answers_total", "Answers of a shadow, beside those of the policy that decides.",
                  With(labels, "answer", answer), count);
    }
    return;
  }
  const std::tuple<const char*, uint64_t, uint64_t> sides[] = {{"canary", trial.calls, trial.failed},
                                                               {"beside", trial.calls_beside, trial.failed_beside}};
  for (const auto& [decided_by, calls, failed] : sides) {
    const MetricLabels side = With(labels, "decided_by", decided_by);
    out.Counter("myelin_canary_calls_total", "Calls ended while there was a canary, by who decided them.", side, calls);
    out.Counter("myelin_canary_failed_calls_total", "Of these, calls that failed.", side, failed);
  }
}

void Add(PolicyStats& sum, const PolicyStats& other) {
  sum.strikes += other.strikes;
  sum.slow_hooks += other.slow_hooks;
  sum.quarantined = sum.quarantined || other.quarantined;
  if (sum.trial && other.trial && sum.trial->kind == other.trial->kind) Add(*sum.trial, *other.trial);
  if (!sum.trial) sum.trial = other.trial;
  for (const HookStats& hook : other.hooks) {
    const auto known =
        std::find_if(sum.hooks.begin(), sum.hooks.end(), [&](const HookStats& h) { return h.hook == hook.hook; });
    if (known == sum.hooks.end()) {
      sum.hooks.push_back(hook);
      continue;
    }
    known->calls += hook.calls;
    known->passed_over += hook.passed_over;
    known->sum_seconds += hook.sum_seconds;
    for (size_t i = 0; i < kHookBuckets; ++i) known->times[i] += hook.times[i];
  }
}

}  // namespace

void AddPolicyMetrics(MetricFamilies& out, const ProxyStats& proxy) {
  std::map<std::pair<std::string, std::string>, PolicyStats> policies;  // a limiter may stand twice
  for (const PolicyStats& policy : proxy.policies) {
    const auto [known, is_new] = policies.try_emplace({policy.kind, policy.name}, policy);
    if (!is_new) Add(known->second, policy);
  }
  for (const auto& [key, policy] : policies) {
    const MetricLabels labels{{"proxy", proxy.name}, {"kind", key.first}, {"policy", key.second}};
    out.Counter("myelin_policy_strikes_total", "Invalid answers of a policy, each decided by the host instead.", labels,
                policy.strikes);
    out.Gauge("myelin_policy_quarantined", "1 for a policy that is not asked any more; the host decides.", labels,
              policy.quarantined ? 1 : 0);
    out.Counter("myelin_policy_slow_hooks_total", "Hooks that took longer than guards.soft_limit.", labels,
                policy.slow_hooks);
    for (const HookStats& hook : policy.hooks) AddHook(out, labels, hook);
    if (policy.trial) AddTrial(out, labels, *policy.trial);
  }
}

}  // namespace myelin
