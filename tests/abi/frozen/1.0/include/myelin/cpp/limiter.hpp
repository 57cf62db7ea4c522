// SPDX-License-Identifier: Apache-2.0
//
// A limiter as a plain class P (see policy.hpp for its constructors, MakeShard, Save and Load):
//   AdmitVerdict Admit(const CallView&);   // [worker] of the shard, or const of P
//   void Done(const ResultBatch&);         // [worker] likewise, optional
// Admit must not block, allocate or call the host. An exception from it costs a strike, and the call passes; one that
// guards permissions is registered as Limiter<P, OnFailure::kRefuse>, and the call is refused.
#ifndef MYELIN_CPP_LIMITER_HPP
#define MYELIN_CPP_LIMITER_HPP

#include <myelin/limiter.h>
#include <myelin/cpp/call.hpp>
#include <myelin/cpp/policy.hpp>

namespace myelin::sdk {

/// What becomes of a call when the limiter fails to answer.
enum class OnFailure { kAdmit, kRefuse };

/// What a limiter answers; made by one of the three functions.
struct AdmitVerdict {
  uint32_t verdict = detail::kNoVerdict;
  uint32_t status = 0;
  uint64_t token = 0;
  uint64_t delay_ns = 0;
  std::string_view message{};
  int64_t pushback_ms = 0;

  /// Let the call pass. `token` comes back in the call's result.
  static AdmitVerdict Admit(uint64_t token = 0) noexcept { return {MYELIN_ADMIT, 0, token, 0, {}, 0}; }
  /// Let it pass `delay_ns` from now; it is not asked again.
  static AdmitVerdict Delay(uint64_t delay_ns, uint64_t token = 0) noexcept {
    return {MYELIN_ADMIT_DELAY, 0, token, delay_ns, {}, 0};
  }
  /// End the call with MYELIN_GRPC_…. `message` must outlive the hook: a literal, or text that the shard owns.
  /// `pushback_ms` is sent as grpc-retry-pushback-ms unless 0; MYELIN_PUSHBACK_STOP: do not retry.
  static AdmitVerdict Reject(uint32_t status, std::string_view message, int64_t pushback_ms = 0) noexcept {
    return {MYELIN_ADMIT_REJECT, status, 0, 0, message, pushback_ms};
  }
};

namespace detail {

template <class S>
using AdmitCall = decltype(std::declval<S&>().Admit(std::declval<const CallView&>()));

template <class P>
struct MYELIN_SDK_HIDDEN LimiterHooks {
  using Shard = ShardOf<P>;
  static_assert(kHas<AdmitCall, Shard>, "needs AdmitVerdict Admit(const CallView&); const, if there is no MakeShard");

  static uint32_t Admit(void* shard, const myelin_call* call, myelin_admit* out) noexcept {
    try {
      const AdmitVerdict answer = static_cast<Shard*>(shard)->Admit(CallView(call));
      out->status = answer.status;
      out->token = answer.token;
      out->delay_ns = answer.delay_ns;
      out->message = ToString(answer.message);
      out->pushback_ms = answer.pushback_ms;
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
};

template <class P, OnFailure kOnFailure>
constexpr myelin_limiter LimiterTable() noexcept {
  using Hooks = LimiterHooks<P>;
  myelin_limiter table{};
  FillLife<P>(table);
  table.flags = kOnFailure == OnFailure::kRefuse ? MYELIN_LIMITER_FAIL_CLOSED : 0u;
  table.admit = &Hooks::Admit;
  if constexpr (kHas<DoneMember, ShardOf<P>>) table.done = &Hooks::Done;
  return table;
}

template <class P, OnFailure kOnFailure>
MYELIN_SDK_HIDDEN inline constexpr myelin_limiter kLimiter = LimiterTable<P, kOnFailure>();

}  // namespace detail

/// The row of MYELIN_PLUGIN for limiter P, `name` in YAML.
template <class P, OnFailure kOnFailure = OnFailure::kAdmit>
constexpr myelin_policy Limiter(const char* name, const char* doc) noexcept {
  return detail::Row(MYELIN_LIMITER_1, name, doc, &detail::kLimiter<P, kOnFailure>, nullptr, 0);
}
template <class P, OnFailure kOnFailure = OnFailure::kAdmit, uint32_t kCount>
constexpr myelin_policy Limiter(const char* name, const char* doc, const myelin_option (&options)[kCount]) noexcept {
  return detail::Row(MYELIN_LIMITER_1, name, doc, &detail::kLimiter<P, kOnFailure>, options, kCount);
}

}  // namespace myelin::sdk

#endif
