// SPDX-License-Identifier: Apache-2.0
//
// What the host decides in a policy's place.
#include "policy/shard.h"

namespace myelin {
namespace {

std::string Describe(const char* hook, uint32_t verdict) {
  if (verdict == kVerdictThrown) return std::string(hook) + " threw an exception";
  return std::string(hook) + " gave an invalid answer (verdict " + std::to_string(static_cast<int32_t>(verdict)) + ")";
}

// Not one of weight 0, unless all are: those are to get nothing.
uint32_t PickAtRandom(const myelin_snapshot& snapshot, const myelin_call& call, myelin_pick& out) {
  const auto first = static_cast<uint32_t>(call.random % snapshot.endpoint_count);
  out.index = first;
  out.token = 0;
  for (uint32_t i = 0; i < snapshot.endpoint_count; ++i) {
    const uint32_t index = (first + i) % snapshot.endpoint_count;
    if (myelin_endpoint_at(&snapshot, index)->weight == 0) continue;
    out.index = index;
    break;
  }
  return kHostDecides;
}

uint32_t AcquireLeastLoaded(const myelin_pool_view& view, myelin_acquire& out) {
  out = myelin_acquire{sizeof(myelin_acquire), 0, 0, 0, 0, 0, {}};
  uint32_t fewest = UINT32_MAX;
  for (uint32_t i = 0; i < view.connection_count; ++i) {
    const myelin_connection& connection = *myelin_connection_at(&view, i);
    if (connection.state == MYELIN_CONNECTION_DRAINING || connection.streams >= connection.stream_limit) continue;
    if (connection.streams >= fewest) continue;
    fewest = connection.streams;
    out.index = i;
  }
  if (fewest != UINT32_MAX) return MYELIN_ACQUIRE_USE;
  constexpr uint32_t kMaxConnections = 16;
  return view.connection_count < kMaxConnections ? MYELIN_ACQUIRE_OPEN : MYELIN_ACQUIRE_QUEUE;
}

}  // namespace

uint32_t BalancerShard::PassOver(const myelin_snapshot& snapshot, const myelin_call& call, myelin_pick& out) {
  pick_.CountPassedOver();
  return PickAtRandom(snapshot, call, out);
}

uint32_t BalancerShard::Strike(uint32_t verdict, const myelin_snapshot& snapshot, const myelin_call& call,
                               myelin_pick& out) {
  const bool out_of_range = verdict == MYELIN_PICK;
  guard().Strike(out_of_range ? "pick answered endpoint " + std::to_string(out.index) + " of " +
                                    std::to_string(snapshot.endpoint_count)
                              : Describe("pick", verdict));
  return PickAtRandom(snapshot, call, out);
}

uint32_t PoolShard::PassOver(const myelin_pool_view& view, myelin_acquire& out) {
  acquire_.CountPassedOver();
  return AcquireLeastLoaded(view, out);
}

uint32_t PoolShard::Strike(uint32_t verdict, const myelin_pool_view& view, myelin_acquire& out) {
  const bool unusable = verdict == MYELIN_ACQUIRE_USE;
  guard().Strike(unusable ? "acquire answered connection " + std::to_string(out.index) + " of " +
                                std::to_string(view.connection_count) + ", which takes no calls"
                          : Describe("acquire", verdict));
  return AcquireLeastLoaded(view, out);
}

uint32_t LimiterShard::PassOver(myelin_admit& out) {
  admit_.CountPassedOver();
  return FailOpenOrClosed(out);
}

uint32_t LimiterShard::Strike(uint32_t verdict, myelin_admit& out) {
  guard().Strike(Describe("admit", verdict));
  return FailOpenOrClosed(out);
}

// A limiter that guards permissions must not let calls through because it is broken.
uint32_t LimiterShard::FailOpenOrClosed(myelin_admit& out) const {
  out = myelin_admit{sizeof(myelin_admit), 0, 0, 0, {}, 0};
  if ((functions().flags & MYELIN_LIMITER_FAIL_CLOSED) == 0) return kHostDecides;
  constexpr std::string_view kMessage = "the permission check failed";
  out.status = MYELIN_GRPC_UNAVAILABLE;
  out.message = {kMessage.data(), kMessage.size()};
  return MYELIN_ADMIT_REJECT;
}

}  // namespace myelin
