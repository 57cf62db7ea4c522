// SPDX-License-Identifier: Apache-2.0
//
// The functions of a policy's table that the host calls, by the names the ABI gives them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace myelin {

enum class Hook : uint8_t {
  kCreate,
  kDestroy,
  kCreateShard,
  kDestroyShard,
  kUpdate,
  kRelease,
  kMaxWorkers,
  kSave,
  kLoad,
  kTimer,  // what start_timer fires
  kPick,
  kAcquire,
  kTick,
  kAdmit,
  kDone,
};

inline constexpr std::array<const char*, 15> kHookNames{
    "create", "destroy", "create_shard", "destroy_shard", "update", "release", "max_workers", "save",
    "load",   "timer",   "pick",         "acquire",       "tick",   "admit",   "done"};

inline constexpr const char* HookName(Hook hook) { return kHookNames[static_cast<size_t>(hook)]; }

/// Whether it is tagged [control] and may block; the others are tagged [worker] and must not.
inline constexpr bool OnControlThread(Hook hook) { return hook < Hook::kPick; }

}  // namespace myelin
