// SPDX-License-Identifier: Apache-2.0
//
// What balancers, pools and limiters have in common: making and ending instances and shards, carrying state over, and
// finding out which optional members a policy has. Used by the glue of the three; a plugin does not include it.
// [control]
//
// A policy P is a plain class, made by the first of these constructors that it has:
//   P(const Host&, const Options&)   P(const Options&)   P(const Host&)   P()
// and may have
//   std::unique_ptr<S> MakeShard(uint32_t worker);  // state of one worker; S then has the worker hooks
//   std::string Save();                             // bytes for the next generation
//   void Load(std::string_view bytes);              // throws to refuse them
// Without MakeShard all workers share the policy itself, so its worker hooks must be const.
#ifndef MYELIN_CPP_POLICY_HPP
#define MYELIN_CPP_POLICY_HPP

#include <myelin/plugin.h>
#include <myelin/cpp/host.hpp>
#include <myelin/cpp/options.hpp>

#include <memory>
#include <type_traits>
#include <utility>

// Of a plugin's own; two generations of it in one process must never be bound to each other's.
#define MYELIN_SDK_HIDDEN __attribute__((visibility("hidden")))

namespace myelin::sdk::detail {

template <class Void, template <class...> class Expression, class... T>
struct Detected : std::false_type {};
template <template <class...> class Expression, class... T>
struct Detected<std::void_t<Expression<T...>>, Expression, T...> : std::true_type {};

/// Whether Expression<T...> is well-formed.
template <template <class...> class Expression, class... T>
constexpr bool kHas = Detected<void, Expression, T...>::value;

// By name, not by signature, so that a member with a wrong signature is an error and not an omission.
template <class T>
using MakeShardMember = decltype(&T::MakeShard);
template <class T>
using SaveMember = decltype(&T::Save);
template <class T>
using LoadMember = decltype(&T::Load);
template <class T>
using DoneMember = decltype(&T::Done);

/// The class whose worker hooks are called: what MakeShard answers, or the policy itself, shared and therefore const.
template <class P, bool = kHas<MakeShardMember, P>>
struct ShardType {
  using Type = const P;
};
template <class P>
struct ShardType<P, true> {
  using Type = typename decltype(std::declval<P&>().MakeShard(uint32_t{0}))::element_type;
};
template <class P>
using ShardOf = typename ShardType<P>::Type;

template <class P>
P* Make(const Host& host, const Options& options) {
  if constexpr (std::is_constructible_v<P, const Host&, const Options&>) {
    return new P(host, options);
  } else if constexpr (std::is_constructible_v<P, const Options&>) {
    return new P(options);
  } else if constexpr (std::is_constructible_v<P, const Host&>) {
    return new P(host);
  } else {
    static_assert(std::is_default_constructible_v<P>, "a policy needs a constructor P(const Host&, const Options&)");
    return new P();
  }
}

template <class P>
struct MYELIN_SDK_HIDDEN Life {
  static int32_t Create(const myelin_host* host, const myelin_options* options, void** instance,
                        myelin_error* error) noexcept {
    return Guard(error, [&] { *instance = Make<P>(Host(host), Options(options)); });
  }

  static void Destroy(void* instance) noexcept { delete static_cast<P*>(instance); }

  static int32_t CreateShard(void* instance, uint32_t worker, void** shard, myelin_error* error) noexcept {
    return Guard(error, [&] {
      std::unique_ptr<ShardOf<P>> made = static_cast<P*>(instance)->MakeShard(worker);
      if (made == nullptr) throw Error(MYELIN_ERROR_INTERNAL, "MakeShard answered no shard");
      *shard = made.release();
    });
  }

  static void DestroyShard(void*, void* shard) noexcept { delete static_cast<ShardOf<P>*>(shard); }

  static int32_t Save(void* instance, void* buffer, uint64_t capacity, uint64_t* size) noexcept {
    bool fits = false;
    const int32_t code = Guard(nullptr, [&] {
      const std::string bytes = static_cast<P*>(instance)->Save();
      *size = bytes.size();
      fits = bytes.size() <= capacity;
      if (fits && !bytes.empty()) std::memcpy(buffer, bytes.data(), bytes.size());
    });
    return code == MYELIN_OK && !fits ? MYELIN_ERROR_NO_SPACE : code;
  }

  static int32_t Load(void* instance, const void* bytes, uint64_t size, myelin_error* error) noexcept {
    const std::string_view view(static_cast<const char*>(bytes), static_cast<size_t>(size));
    return Guard(error, [&] { static_cast<P*>(instance)->Load(view); });
  }
};

/// Fills in the part of a table that the three interfaces share.
template <class P, class Functions>
constexpr void FillLife(Functions& functions) noexcept {
  functions.struct_size = sizeof(Functions);
  functions.create = &Life<P>::Create;
  functions.destroy = &Life<P>::Destroy;
  if constexpr (kHas<MakeShardMember, P>) {
    functions.create_shard = &Life<P>::CreateShard;
    functions.destroy_shard = &Life<P>::DestroyShard;
  }
  if constexpr (kHas<SaveMember, P>) functions.save = &Life<P>::Save;
  if constexpr (kHas<LoadMember, P>) functions.load = &Life<P>::Load;
}

/// The row of a plugin for one policy.
constexpr myelin_policy Row(const char* interface_id, const char* name, const char* doc, const void* functions,
                            const myelin_option* options, uint32_t option_count) noexcept {
  myelin_policy row{};
  row.struct_size = sizeof(myelin_policy);
  row.option_count = option_count;
  row.interface_id = interface_id;
  row.name = name;
  row.doc = doc;
  row.options = options;
  row.functions = functions;
  row.option_stride = sizeof(myelin_option);
  return row;
}

}  // namespace myelin::sdk::detail

#endif
