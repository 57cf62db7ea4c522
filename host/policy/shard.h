// SPDX-License-Identifier: Apache-2.0
//
// A worker's part of a policy, and the host's side of every hook: ask, validate the answer, and when it is invalid
// count a strike and decide by the built-in fallback. Made and destroyed on the control thread, used by one worker
// between.
#pragma once

#include <myelin/myelin.h>

#include <string>
#include <utility>

#include "policy/instance.h"

namespace myelin {

/// Thrown where the plugin refuses to make a shard; caught where the proxy is built.
class ShardError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The host's verdict in place of an invalid one: as MYELIN_PICK or MYELIN_ADMIT, but the policy had no part in it and
/// is not to be told how the call ended.
inline constexpr uint32_t kHostDecides = UINT32_MAX;

template <typename Functions>
class PolicyShard {
 public:
  PolicyShard(PolicyInstance<Functions>& instance, uint32_t worker) : instance_(instance) {
    std::string why;
    if (!instance.CreateShard(worker, &shard_, why)) {
      throw ShardError("policy '" + instance.handle().name + "' makes no shard for worker " + std::to_string(worker) +
                       ": " + why);
    }
  }
  ~PolicyShard() { instance_.DestroyShard(shard_); }
  PolicyShard(const PolicyShard&) = delete;
  PolicyShard& operator=(const PolicyShard&) = delete;

  PolicyInstance<Functions>& instance() const { return instance_; }
  bool has_done() const { return instance_.handle().has_done; }

 protected:
  const Functions& functions() const { return instance_.functions(); }
  void* shard() const { return shard_; }

 private:
  PolicyInstance<Functions>& instance_;
  void* shard_ = nullptr;
};

class BalancerShard : public PolicyShard<myelin_balancer> {
 public:
  using PolicyShard::PolicyShard;
  /// Answers MYELIN_PICK…, always valid, or kHostDecides with a uniform random endpoint.
  uint32_t Pick(const myelin_snapshot& snapshot, const myelin_call& call, myelin_pick& out) {
    const uint32_t verdict = functions().pick(shard(), &snapshot, &call, &out);
    if (verdict == MYELIN_PICK && out.index < snapshot.endpoint_count) return verdict;
    if (verdict == MYELIN_PICK_QUEUE || verdict == MYELIN_PICK_FAIL) return verdict;
    return Fallback(verdict, snapshot, call, out);
  }
  void Done(const myelin_call_result* results, uint32_t count) {
    functions().done(shard(), results, count, sizeof(myelin_call_result));
  }

 private:
  uint32_t Fallback(uint32_t verdict, const myelin_snapshot& snapshot, const myelin_call& call, myelin_pick& out);
};

class PoolShard : public PolicyShard<myelin_pool> {
 public:
  using PolicyShard::PolicyShard;
  /// Answers MYELIN_ACQUIRE…, always valid. The fallback is the least loaded connection, or a first one.
  uint32_t Acquire(const myelin_pool_view& view, const myelin_call& call, myelin_acquire& out) {
    const uint32_t verdict = functions().acquire(shard(), &view, &call, &out);
    if (verdict == MYELIN_ACQUIRE_USE && Usable(view, out.index)) return verdict;
    if (verdict > MYELIN_ACQUIRE_USE && verdict <= MYELIN_ACQUIRE_FAIL) return verdict;
    return Fallback(verdict, view, out);
  }
  bool has_tick() const { return instance().handle().has_tick; }
  void Tick(const myelin_pool_view& view, myelin_tick& out) { functions().tick(shard(), &view, &out); }

 private:
  static bool Usable(const myelin_pool_view& view, uint32_t index) {
    return index < view.connection_count && myelin_connection_at(&view, index)->state != MYELIN_CONNECTION_DRAINING;
  }
  uint32_t Fallback(uint32_t verdict, const myelin_pool_view& view, myelin_acquire& out);
};

class LimiterShard : public PolicyShard<myelin_limiter> {
 public:
  using PolicyShard::PolicyShard;
  /// Answers MYELIN_ADMIT…, always valid. The fallback is kHostDecides, or to refuse if the limiter fails closed.
  uint32_t Admit(const myelin_call& call, myelin_admit& out) {
    const uint32_t verdict = functions().admit(shard(), &call, &out);
    if (verdict <= MYELIN_ADMIT_REJECT) return verdict;
    return Fallback(verdict, out);
  }
  void Done(const myelin_call_result* results, uint32_t count) {
    functions().done(shard(), results, count, sizeof(myelin_call_result));
  }

 private:
  uint32_t Fallback(uint32_t verdict, myelin_admit& out);
};

}  // namespace myelin
