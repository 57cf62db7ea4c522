// SPDX-License-Identifier: Apache-2.0
//
// Answers of a mocked pool policy, and the pool with it that most tests start from.
#pragma once

#include "upstream/pool_world.h"

namespace myelin::test {

using ::testing::NiceMock;

inline auto Use(uint32_t index, uint32_t open = 0) {
  return [=](const myelin_pool_view&, const myelin_call&, myelin_acquire& out) {
    out.index = index;
    out.open = open;
    return MYELIN_ACQUIRE_USE;
  };
}
inline auto Queue(uint32_t ms) {
  return [=](const myelin_pool_view&, const myelin_call&, myelin_acquire& out) {
    out.queue_ms = ms;
    return MYELIN_ACQUIRE_QUEUE;
  };
}
inline auto Command(uint32_t verb, uint32_t index = 0, uint64_t value = 0) {
  return [=](const myelin_pool_view&, myelin_tick& tick) { myelin_tick_add(&tick, verb, index, value); };
}

/// One stream for each connection, and no more than `max` connections: what most tests need.
inline auto Exclusive(uint32_t max) {
  return [=](const myelin_pool_view& view, const myelin_call&, myelin_acquire& out) {
    uint32_t live = 0;
    for (uint32_t i = 0; i < view.connection_count; ++i) {
      const myelin_connection& connection = *myelin_connection_at(&view, i);
      if (connection.state == MYELIN_CONNECTION_DRAINING) continue;
      ++live;
      if (connection.streams > 0) continue;
      out.index = i;
      return MYELIN_ACQUIRE_USE;
    }
    return live < max ? MYELIN_ACQUIRE_OPEN : MYELIN_ACQUIRE_QUEUE;
  };
}

class EndpointPoolTest : public ::testing::Test, protected PoolWorld {
 protected:
  EndpointPoolTest() { Make(policies.Create("mock", MockTable(mock_))); }
  void Decide(auto decide) { ON_CALL(mock_, Acquire).WillByDefault(decide); }

  NiceMock<MockPool> mock_;
};

}  // namespace myelin::test
