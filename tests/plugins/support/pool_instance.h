// SPDX-License-Identifier: Apache-2.0
//
// A pool from its built .so, called through the C table as the host would, in the shape that PoolHost takes.
#pragma once

#include <myelin/cpp/pool.hpp>

#include <string>

#include "plugins/support/fake_call.h"
#include "plugins/support/plugin_library.h"

namespace myelin::test {

class PoolInstance {
 public:
  explicit PoolInstance(const std::string& name, const Fields& given = {}) : policy(name, given) {}

  uint32_t MaxWorkers() const { return policy.table.max_workers(policy.instance()); }

  sdk::AcquireVerdict Acquire(const sdk::PoolView& view) const {
    const FakeCall call;
    myelin_acquire out{};
    out.struct_size = sizeof(out);
    const uint32_t verdict = policy.table.acquire(policy.shard(), view.raw(), &call.call, &out);
    return {verdict, out.index, out.queue_ms, out.open, out.status, {}};
  }

  void Tick(const sdk::PoolView& view, myelin_tick* tick) const { policy.table.tick(policy.shard(), view.raw(), tick); }

  Policy<myelin_pool> policy;
};

}  // namespace myelin::test
