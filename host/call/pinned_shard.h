// SPDX-License-Identifier: Apache-2.0
//
// A worker's shard of a balancer or limiter, and the ends of calls that it has not been told of yet. The proxy's shard
// and the calls that it has a part in hold it; when another has taken its place and the last of its calls has ended, it
// goes back to the control thread, where policies end. Made on the control thread; held, used and let go on the worker.
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <memory>
#include <utility>

#include "base/control_thread.h"
#include "call/result_batch.h"
#include "policy/shard.h"

namespace myelin {

/// A shard, and the instance that it is a part of. Made and ended on the control thread.
template <typename Shard>
struct OwnedShard {
  using Instance = typename Shard::Instance;
  OwnedShard(std::shared_ptr<Instance> of, uint32_t worker) : instance(std::move(of)), shard(*instance, worker) {}

  std::shared_ptr<Instance> instance;  // until its last shard and snapshot
  Shard shard;
};

/// `Shard` is BalancerShard or LimiterShard.
template <typename Shard>
class PinnedShard
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  using Pointer = boost::intrusive_ptr<PinnedShard>;

  /// [control] Throws ShardError.
  static Pointer Make(std::shared_ptr<typename Shard::Instance> instance, uint32_t worker, ControlThread& control) {
    return Pointer(new PinnedShard(std::make_unique<OwnedShard<Shard>>(std::move(instance), worker), control));
  }

  /// nullptr once detached: then the host decides in its place.
  Shard* get() const { return owned_ ? &owned_->shard : nullptr; }

  /// A call that it had a part in has ended.
  void Tell(const myelin_call_result& result) {
    if (!owned_) return;
    results_.Add(result);
    if (replaced_) results_.Flush();
  }
  void Flush() { results_.Flush(); }

  /// Another has its place: nobody flushes it any more, so it is told of each end at once.
  void Replace() {
    results_.Flush();
    replaced_ = true;
  }
  /// Lets the policy go although calls of it are left; it will not hear how they end.
  void Detach() {
    results_.Flush();
    control_.Post([owned = owned_.release()] { delete owned; });
  }

 private:
  PinnedShard(std::unique_ptr<OwnedShard<Shard>> owned, ControlThread& control)
      : owned_(std::move(owned)), results_(owned_->shard), control_(control) {}
  ~PinnedShard() = default;

  friend void intrusive_ptr_add_ref(PinnedShard* pinned) { ++pinned->holders_; }
  friend void intrusive_ptr_release(PinnedShard* pinned) {
    if (--pinned->holders_ > 0) return;
    pinned->results_.Flush();
    if (pinned->is_linked()) pinned->unlink();
    pinned->control_.Post([pinned] { delete pinned; });
  }

  std::unique_ptr<OwnedShard<Shard>> owned_;
  ResultBatch<Shard> results_;
  ControlThread& control_;
  uint64_t holders_ = 0;
  bool replaced_ = false;
};

}  // namespace myelin
