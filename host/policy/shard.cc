// SPDX-License-Identifier: Apache-2.0
#include "policy/shard.h"

namespace myelin {
namespace {

std::string Describe(const char* hook, uint32_t verdict) {
  return std::string(hook) + " gave an invalid answer (verdict " + std::to_string(static_cast<int32_t>(verdict)) + ")";
}

}  // namespace

void Strikes::Add(std::string_view what) {
  const uint64_t count = count_.fetch_add(1, std::memory_order_relaxed) + 1;
  if ((count & (count - 1)) != 0) return;  // the 1st, 2nd, 4th, 8th … is logged, so a broken plugin cannot flood
  log_.Write(LogLevel::kWarning, component_,
             std::string(what) + "; the built-in fallback decides; " + std::to_string(count) + " so far", {});
}

uint32_t BalancerShard::Fallback(uint32_t verdict, const myelin_snapshot& snapshot, const myelin_call& call,
                                 myelin_pick& out) {
  const bool out_of_range = verdict == MYELIN_PICK;
  instance().strikes().Add(out_of_range ? "pick answered endpoint " + std::to_string(out.index) + " of " +
                                              std::to_string(snapshot.endpoint_count)
                                        : Describe("pick", verdict));
  out.index = static_cast<uint32_t>(call.random % snapshot.endpoint_count);
  out.token = 0;
  return kHostDecides;
}

uint32_t PoolShard::Fallback(uint32_t verdict, const myelin_pool_view& view, myelin_acquire& out) {
  const bool unusable = verdict == MYELIN_ACQUIRE_USE;
  instance().strikes().Add(unusable ? "acquire answered connection " + std::to_string(out.index) + " of " +
                                          std::to_string(view.connection_count) + ", which takes no calls"
                                    : Describe("acquire", verdict));
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

uint32_t LimiterShard::Fallback(uint32_t verdict, myelin_admit& out) {
  instance().strikes().Add(Describe("admit", verdict));
  const bool fail_closed = (functions().flags & MYELIN_LIMITER_FAIL_CLOSED) != 0;
  out = myelin_admit{sizeof(myelin_admit), 0, 0, 0, {}, 0};
  if (!fail_closed) return kHostDecides;
  constexpr std::string_view kMessage = "the permission check failed";
  out.status = MYELIN_GRPC_UNAVAILABLE;
  out.message = {kMessage.data(), kMessage.size()};
  return MYELIN_ADMIT_REJECT;
}

}  // namespace myelin
