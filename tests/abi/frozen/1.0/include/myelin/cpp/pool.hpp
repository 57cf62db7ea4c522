// SPDX-License-Identifier: Apache-2.0
//
// A pool as a plain class P (see policy.hpp for its constructors, MakeShard, Save and Load):
//   AcquireVerdict Acquire(const PoolView&, const CallView&);   // [worker] of the shard, or const of P
//   void Tick(const PoolView&, TickCommands&);                  // [worker] likewise, optional
//   uint32_t MaxWorkers();                                      // [control] of P, optional
// Acquire must not block, allocate or call the host. An exception from it costs a strike; the host's fallback answers.
#ifndef MYELIN_CPP_POOL_HPP
#define MYELIN_CPP_POOL_HPP

#include <myelin/pool.h>
#include <myelin/cpp/call.hpp>
#include <myelin/cpp/endpoint.hpp>
#include <myelin/cpp/policy.hpp>

namespace myelin::sdk {

/// One worker's connections to one endpoint: `for (const myelin_connection& connection : view)`.
class PoolView : public StridedRange<myelin_connection> {
 public:
  explicit PoolView(const myelin_pool_view* view) noexcept
      : StridedRange(view->connections, view->connection_count, view->connection_stride), view_(view) {}

  EndpointView Endpoint() const noexcept { return EndpointView(*view_->endpoint); }
  /// Calls of this worker that wait for a slot at this endpoint.
  uint32_t Queued() const noexcept { return view_->queued; }
  uint64_t NowNs() const noexcept { return view_->now_ns; }  ///< monotonic
  uint64_t Random() const noexcept { return view_->random; }
  uint32_t Worker() const noexcept { return view_->worker; }
  uint32_t WorkerCount() const noexcept { return view_->worker_count; }
  /// This worker's part of `total` connections of the process, at least 1.
  uint32_t Share(uint32_t total) const noexcept { return myelin_pool_share(view_, total); }

  const myelin_pool_view* raw() const noexcept { return view_; }

 private:
  const myelin_pool_view* view_;
};

/// What a tick wishes. Each answers false when there is no room left; the rest can wait for the next tick.
class TickCommands {
 public:
  explicit TickCommands(myelin_tick* tick) noexcept : tick_(tick) {}

  /// Open a connection.
  bool Open() noexcept { return myelin_tick_add(tick_, MYELIN_TICK_OPEN, 0, 0) != 0; }
  /// No new streams on connection `index`; close it with its last.
  bool Drain(uint32_t index) noexcept { return myelin_tick_add(tick_, MYELIN_TICK_DRAIN, index, 0) != 0; }
  /// Set the note of connection `index`.
  bool Note(uint32_t index, uint64_t value) noexcept {
    return myelin_tick_add(tick_, MYELIN_TICK_NOTE, index, value) != 0;
  }

 private:
  myelin_tick* tick_;
};

/// What a pool answers; made by one of the four functions.
struct AcquireVerdict {
  uint32_t verdict = detail::kNoVerdict;
  uint32_t index = 0;
  uint32_t queue_ms = 0;
  uint32_t open = 0;
  uint32_t status = 0;
  std::string_view message{};

  /// Connection `index`, READY with room or CONNECTING; opens `open` connections besides.
  static AcquireVerdict Use(uint32_t index, uint32_t open = 0) noexcept {
    return {MYELIN_ACQUIRE_USE, index, 0, open, 0, {}};
  }
  /// Open a connection; the call waits for it.
  static AcquireVerdict Open() noexcept { return {MYELIN_ACQUIRE_OPEN, 0, 0, 0, 0, {}}; }
  /// Wait at most `queue_ms` (0: the proxy's timeouts.queue) for a slot; opens `open` connections besides.
  static AcquireVerdict Queue(uint32_t queue_ms = 0, uint32_t open = 0) noexcept {
    return {MYELIN_ACQUIRE_QUEUE, 0, queue_ms, open, 0, {}};
  }
  /// End the call with MYELIN_GRPC_…. `message` must outlive the hook: a literal, or text that the shard owns.
  static AcquireVerdict Fail(uint32_t status, std::string_view message) noexcept {
    return {MYELIN_ACQUIRE_FAIL, 0, 0, 0, status, message};
  }
};

namespace detail {

template <class T>
using MaxWorkersMember = decltype(&T::MaxWorkers);
template <class T>
using TickMember = decltype(&T::Tick);
template <class S>
using AcquireCall =
    decltype(std::declval<S&>().Acquire(std::declval<const PoolView&>(), std::declval<const CallView&>()));

template <class P>
struct MYELIN_SDK_HIDDEN PoolHooks {
  using Shard = ShardOf<P>;
  static_assert(kHas<AcquireCall, Shard>,
                "needs AcquireVerdict Acquire(const PoolView&, const CallView&); const, if there is no MakeShard");

  static uint32_t Acquire(void* shard, const myelin_pool_view* view, const myelin_call* call,
                          myelin_acquire* out) noexcept {
    try {
      const AcquireVerdict answer = static_cast<Shard*>(shard)->Acquire(PoolView(view), CallView(call));
      out->index = answer.index;
      out->queue_ms = answer.queue_ms;
      out->open = answer.open;
      out->status = answer.status;
      out->message = ToString(answer.message);
      return answer.verdict;
    } catch (...) {
      return kNoVerdict;
    }
  }

  static void Tick(void* shard, const myelin_pool_view* view, myelin_tick* out) noexcept {
    const uint32_t before = out->count;
    try {
      TickCommands commands(out);
      static_cast<Shard*>(shard)->Tick(PoolView(view), commands);
    } catch (...) {
      out->count = before;
    }
  }

  static uint32_t MaxWorkers(void* instance) noexcept {
    try {
      return static_cast<P*>(instance)->MaxWorkers();
    } catch (...) {
      return 1;  // the one number that breaks no promise
    }
  }
};

template <class P>
constexpr myelin_pool PoolTable() noexcept {
  using Hooks = PoolHooks<P>;
  myelin_pool table{};
  FillLife<P>(table);
  table.acquire = &Hooks::Acquire;
  if constexpr (kHas<TickMember, ShardOf<P>>) table.tick = &Hooks::Tick;
  if constexpr (kHas<MaxWorkersMember, P>) table.max_workers = &Hooks::MaxWorkers;
  return table;
}

template <class P>
MYELIN_SDK_HIDDEN inline constexpr myelin_pool kPool = PoolTable<P>();

}  // namespace detail

/// The row of MYELIN_PLUGIN for pool P, `name` in YAML.
template <class P>
constexpr myelin_policy Pool(const char* name, const char* doc) noexcept {
  return detail::Row(MYELIN_POOL_1, name, doc, &detail::kPool<P>, nullptr, 0);
}
template <class P, uint32_t kCount>
constexpr myelin_policy Pool(const char* name, const char* doc, const myelin_option (&options)[kCount]) noexcept {
  return detail::Row(MYELIN_POOL_1, name, doc, &detail::kPool<P>, options, kCount);
}

}  // namespace myelin::sdk

#endif
