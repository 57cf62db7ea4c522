// SPDX-License-Identifier: Apache-2.0
//
// How much a proxy bears of a policy that misbehaves: `guards:` of the configuration, typed; and of one on trial,
// `shadow:` and `canary:` beside another policy.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/units.h"

namespace myelin {

struct GuardSettings {
  uint32_t strikes = 10;                                // so many invalid answers ...
  Duration window = std::chrono::minutes(1);            // ... in so long a time, and the policy is quarantined
  bool quarantine = true;                               // false: never; each invalid answer is decided by the fallback
  Duration soft_limit = std::chrono::milliseconds(20);  // a [worker] hook that takes longer is logged; 0: none is
  Duration hard_limit = std::chrono::seconds(1);  // one that takes longer costs its policy the place; 0: none does
  bool quarantine_on_crash = true;  // leave out, at the next start, the policy that was running at a crash

  bool operator==(const GuardSettings&) const = default;
};

enum class TrialKind {
  kShadow,  // sees the same calls, and does not act
  kCanary,  // decides for a share of the calls, as long as it does no worse
};

struct TrialRules {
  TrialKind kind = TrialKind::kShadow;
  double share = 0;       // canary: of the calls, above 0 and up to 1
  uint32_t strikes = 3;   // canary: so many invalid answers end it; 0: none do
  double error_rate = 2;  // canary: failing so many times as often as the other calls ends it; 0: never

  bool operator==(const TrialRules&) const = default;
};

}  // namespace myelin
