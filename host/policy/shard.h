// SPDX-License-Identifier: Apache-2.0
//
// A worker's part of a policy, and the host's side of every [worker] hook: ask, validate the answer, and when it is
// invalid count a strike and decide by the built-in fallback. A policy in quarantine is not asked. Made and destroyed
// on the control thread, used by one worker between.
#pragma once

#include <myelin/myelin.h>

#include <stdexcept>
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

/// In place of the verdict of a hook that threw. As invalid as any other.
inline constexpr uint32_t kVerdictThrown = UINT32_MAX - 1;

template <typename Functions>
class PolicyShard {
 public:
  using Instance = PolicyInstance<Functions>;

  PolicyShard(PolicyInstance<Functions>& instance, uint32_t worker) : instance_(instance), guard_(instance.guard()) {
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
  PolicyGuard& guard() const { return guard_; }

  /// Runs a hook that answers nothing, unless the policy is in quarantine: then what it would have been told is lost.
  template <typename Call>
  void Tell(HookSite& site, const Call& call) {
    if (guard_.quarantined()) return;
    const uint32_t thrown = EnterHook(site, kVerdictThrown, [&] {
      call();
      return 0u;
    });
    if (thrown != 0) guard_.Strike(std::string(HookName(site.hook())) + " threw an exception");
  }

 private:
  PolicyInstance<Functions>& instance_;
  PolicyGuard& guard_;
  void* shard_ = nullptr;
};

class BalancerShard : public PolicyShard<myelin_balancer> {
 public:
  using PolicyShard::PolicyShard;
  /// Answers MYELIN_PICK…, always valid, or kHostDecides with a uniform random endpoint.
  uint32_t Pick(const myelin_snapshot& snapshot, const myelin_call& call, myelin_pick& out) {
    if (guard().quarantined()) [[unlikely]]
      return PassOver(snapshot, call, out);
    const uint32_t verdict =
        EnterHook(pick_, kVerdictThrown, [&] { return functions().pick(shard(), &snapshot, &call, &out); });
    if (verdict == MYELIN_PICK && out.index < snapshot.endpoint_count) return verdict;
    if (verdict == MYELIN_PICK_QUEUE || verdict == MYELIN_PICK_FAIL) return verdict;
    return Strike(verdict, snapshot, call, out);
  }
  void Done(const myelin_call_result* results, uint32_t count) {
    Tell(done_, [&] { functions().done(shard(), results, count, sizeof(myelin_call_result)); });
  }

 private:
  uint32_t PassOver(const myelin_snapshot& snapshot, const myelin_call& call, myelin_pick& out);
  uint32_t Strike(uint32_t verdict, const myelin_snapshot& snapshot, const myelin_call& call, myelin_pick& out);

  HookSite& pick_ = guard().AddSite(Hook::kPick);
  HookSite& done_ = guard().AddSite(Hook::kDone);
};

class PoolShard : public PolicyShard<myelin_pool> {
 public:
  using PolicyShard::PolicyShard;
  /// Answers MYELIN_ACQUIRE…, always valid. The fallback is the least loaded connection, or a first one.
  uint32_t Acquire(const myelin_pool_view& view, const myelin_call& call, myelin_acquire& out) {
    if (guard().quarantined()) [[unlikely]]
      return PassOver(view, out);
    const uint32_t verdict =
        EnterHook(acquire_, kVerdictThrown, [&] { return functions().acquire(shard(), &view, &call, &out); });
    if (verdict == MYELIN_ACQUIRE_USE && Usable(view, out.index)) return verdict;
    if (verdict > MYELIN_ACQUIRE_USE && verdict <= MYELIN_ACQUIRE_FAIL) return verdict;
    return Strike(verdict, view, out);
  }
  bool has_tick() const { return instance().handle().has_tick; }
  void Tick(const myelin_pool_view& view, myelin_tick& out) {
    Tell(tick_, [&] { functions().tick(shard(), &view, &out); });
  }

 private:
  static bool Usable(const myelin_pool_view& view, uint32_t index) {
    return index < view.connection_count && myelin_connection_at(&view, index)->state != MYELIN_CONNECTION_DRAINING;
  }
  uint32_t PassOver(const myelin_pool_view& view, myelin_acquire& out);
  uint32_t Strike(uint32_t verdict, const myelin_pool_view& view, myelin_acquire& out);

  HookSite& acquire_ = guard().AddSite(Hook::kAcquire);
  HookSite& tick_ = guard().AddSite(Hook::kTick);
};

class LimiterShard : public PolicyShard<myelin_limiter> {
 public:
  using PolicyShard::PolicyShard;
  /// Answers MYELIN_ADMIT…, always valid. The fallback is kHostDecides, or to refuse if the limiter fails closed.
  uint32_t Admit(const myelin_call& call, myelin_admit& out) {
    if (guard().quarantined()) [[unlikely]]
      return PassOver(out);
    const uint32_t verdict = EnterHook(admit_, kVerdictThrown, [&] { return functions().admit(shard(), &call, &out); });
    if (verdict <= MYELIN_ADMIT_REJECT) return verdict;
    return Strike(verdict, out);
  }
  void Done(const myelin_call_result* results, uint32_t count) {
    Tell(done_, [&] { functions().done(shard(), results, count, sizeof(myelin_call_result)); });
  }

 private:
  uint32_t PassOver(myelin_admit& out);
  uint32_t Strike(uint32_t verdict, myelin_admit& out);
  uint32_t FailOpenOrClosed(myelin_admit& out) const;

  HookSite& admit_ = guard().AddSite(Hook::kAdmit);
  HookSite& done_ = guard().AddSite(Hook::kDone);
};

}  // namespace myelin
