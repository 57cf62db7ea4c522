// SPDX-License-Identifier: Apache-2.0
//
// A balancer as a plain class P (see policy.hpp for its constructors, MakeShard, Save and Load):
//   PickVerdict Pick(const SnapshotView&, const CallView&);             // [worker] of the shard, or const of P
//   void Done(const ResultBatch&);                                      // [worker] likewise, optional
//   void Update(const SnapshotView&);                                   // [control] of P, optional; or
//   std::unique_ptr<T> Update(const SnapshotView&);                     // … builds what picks on this snapshot need,
//   and PickVerdict Pick(const SnapshotView&, const CallView&, const T&);   // Pick gets it, shared by all workers
// Pick must not block, allocate or call the host. An exception from it costs a strike; the host's fallback picks.
#ifndef MYELIN_CPP_BALANCER_HPP
#define MYELIN_CPP_BALANCER_HPP

#include <myelin/balancer.h>
#include <myelin/cpp/call.hpp>
#include <myelin/cpp/endpoint.hpp>
#include <myelin/cpp/policy.hpp>

namespace myelin::sdk {

/// What a balancer answers; made by one of the three functions.
struct PickVerdict {
  uint32_t verdict = detail::kNoVerdict;
  uint32_t index = 0;
  uint64_t token = 0;
  uint32_t status = 0;
  std::string_view message{};

  /// Take endpoint `index` of the snapshot. `token` comes back in the call's result.
  static PickVerdict Use(uint32_t index, uint64_t token = 0) noexcept { return {MYELIN_PICK, index, token, 0, {}}; }
  /// None suits now: ask again when a call ends or the snapshot changes.
  static PickVerdict Queue() noexcept { return {MYELIN_PICK_QUEUE, 0, 0, 0, {}}; }
  /// End the call with MYELIN_GRPC_…. `message` must outlive the hook: a literal, or text that the shard owns.
  static PickVerdict Fail(uint32_t status, std::string_view message) noexcept {
    return {MYELIN_PICK_FAIL, 0, 0, status, message};
  }
};

namespace detail {

template <class T>
using UpdateMember = decltype(&T::Update);

/// What Update answers: T of std::unique_ptr<T>, or void.
template <class Answer>
struct PreparedType;
template <>
struct PreparedType<void> {
  using Type = void;
};
template <class T>
struct PreparedType<std::unique_ptr<T>> {
  using Type = T;
};
template <class P, bool = kHas<UpdateMember, P>>
struct PreparedBy {
  using Type = void;
};
template <class P>
struct PreparedBy<P, true> {
  using Type = typename PreparedType<decltype(std::declval<P&>().Update(std::declval<const SnapshotView&>()))>::Type;
};
template <class P>
using PreparedOf = typename PreparedBy<P>::Type;

template <class S>
using PickCall =
    decltype(std::declval<S&>().Pick(std::declval<const SnapshotView&>(), std::declval<const CallView&>()));
template <class S, class T>
using PickPreparedCall = decltype(std::declval<S&>().Pick(std::declval<const SnapshotView&>(),
                                                          std::declval<const CallView&>(), std::declval<const T&>()));

template <class P>
struct MYELIN_SDK_HIDDEN BalancerHooks {
  using Shard = ShardOf<P>;
  using Prepared = PreparedOf<P>;

  static int32_t Update(void* instance, const myelin_snapshot* snapshot, void** prepared,
                        myelin_error* error) noexcept {
    return Guard(error, [&] {
      P& policy = *static_cast<P*>(instance);
      if constexpr (std::is_void_v<Prepared>) {
        static_cast<void>(prepared);
        policy.Update(SnapshotView(snapshot));
      } else {
        std::unique_ptr<Prepared> made = policy.Update(SnapshotView(snapshot));
        if (made == nullptr) throw Error(MYELIN_ERROR_INTERNAL, "Update answered nothing");
        *prepared = made.release();
      }
    });
  }

  static void Release(void*, void* prepared) noexcept { delete static_cast<Prepared*>(prepared); }

  static uint32_t Pick(void* shard, const myelin_snapshot* snapshot, const myelin_call* call,
                       myelin_pick* out) noexcept {
    try {
      const PickVerdict answer = Ask(*static_cast<Shard*>(shard), SnapshotView(snapshot), CallView(call));
      out->index = answer.index;
      out->token = answer.token;
      out->status = answer.status;
      out->message = ToString(answer.message);
      return answer.verdict;
    } catch (...) {
      return kNoVerdict;
    }
  }

  static void Done(void* shard, const myelin_call_result* results, uint32_t count, uint32_t stride) noexcept {
    try {
      static_cast<Shard*>(shard)->Done(ResultBatch(results, count, stride));
    } catch (...) {  // nobody waits for an answer
    }
  }

 private:
  static PickVerdict Ask(Shard& shard, const SnapshotView& snapshot, const CallView& call) {
    if constexpr (std::is_void_v<Prepared>) {
      static_assert(kHas<PickCall, Shard>,
                    "needs PickVerdict Pick(const SnapshotView&, const CallView&); const, if there is no MakeShard");
      return shard.Pick(snapshot, call);
    } else if constexpr (kHas<PickPreparedCall, Shard, Prepared>) {
      const void* prepared = snapshot.raw()->prepared;
      return prepared == nullptr ? PickVerdict{} : shard.Pick(snapshot, call, *static_cast<const Prepared*>(prepared));
    } else {
      static_assert(kHas<PickCall, Shard>,
                    "needs PickVerdict Pick(const SnapshotView&, const CallView&, const T&) with the T that Update "
                    "builds; const, if there is no MakeShard");
      return shard.Pick(snapshot, call);
    }
  }
};

template <class P>
constexpr myelin_balancer BalancerTable() noexcept {
  using Hooks = BalancerHooks<P>;
  myelin_balancer table{};
  FillLife<P>(table);
  table.pick = &Hooks::Pick;
  if constexpr (kHas<UpdateMember, P>) table.update = &Hooks::Update;
  if constexpr (!std::is_void_v<PreparedOf<P>>) table.release = &Hooks::Release;
  if constexpr (kHas<DoneMember, ShardOf<P>>) table.done = &Hooks::Done;
  return table;
}

template <class P>
MYELIN_SDK_HIDDEN inline constexpr myelin_balancer kBalancer = BalancerTable<P>();

}  // namespace detail

/// The row of MYELIN_PLUGIN for balancer P, `name` in YAML.
template <class P>
constexpr myelin_policy Balancer(const char* name, const char* doc) noexcept {
  return detail::Row(MYELIN_BALANCER_1, name, doc, &detail::kBalancer<P>, nullptr, 0);
}
template <class P, uint32_t kCount>
constexpr myelin_policy Balancer(const char* name, const char* doc, const myelin_option (&options)[kCount]) noexcept {
  return detail::Row(MYELIN_BALANCER_1, name, doc, &detail::kBalancer<P>, options, kCount);
}

}  // namespace myelin::sdk

#endif
