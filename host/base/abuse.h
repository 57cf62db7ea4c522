// SPDX-License-Identifier: Apache-2.0
//
// What peers do that costs the host and not them, by kind: each has a guard in the frame pump and a counter.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace myelin {

enum class AbuseKind {
  kRapidReset,     // requests that are cancelled before there is anything of an answer
  kProvokedReset,  // frames that make us reset streams (MadeYouReset)
  kContinuation,
  kSettings,
  kPing,
  kPriority,  // and other frames that have no effect
  kWindowUpdate,
  kEmptyData,
  kHeaderBomb,
  kSlowPreface,  // no SETTINGS in time
  kSlowHeaders,  // a block of headers without end
  kHoarding,     // data that waits and is not taken, while the worker is full
  kOther,
};

/// In the order of the kinds; as in metrics and in the log.
inline constexpr std::array<std::string_view, 13> kAbuseNames{
    "rapid_reset", "provoked_reset", "continuation", "settings",     "ping",     "priority", "window_update",
    "empty_data",  "header_bomb",    "slow_preface", "slow_headers", "hoarding", "other"};
static_assert(kAbuseNames.size() == static_cast<size_t>(AbuseKind::kOther) + 1);

}  // namespace myelin
