// SPDX-License-Identifier: Apache-2.0
//
// One policy at work for one proxy: the plugin's instance, its host services, its guard. Made and destroyed on the
// control thread; shards are handed to workers. Every [control] hook of the table is called here, in its site.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostics.h"
#include "guard/policy_guard.h"
#include "plugin/options.h"
#include "plugin/plugin.h"
#include "policy/host_services.h"

namespace myelin {

/// `Functions` is myelin_balancer, myelin_pool or myelin_limiter.
template <typename Functions>
class PolicyInstance {
 public:
  /// Calls the plugin's `create`. nullptr and an error at `origin` when it refuses. One that crashed an earlier run is
  /// in quarantine from the start, and nothing of it is called.
  static std::unique_ptr<PolicyInstance> Create(const PolicyHandle& handle, const CheckedOptions& options,
                                                const PolicyEnvironment& environment, const Origin& origin,
                                                Diagnostics& diagnostics) {
    std::unique_ptr<PolicyInstance> made(new PolicyInstance(handle, environment));
    if (const CrashRecord* crash = CrashOf(made->guard_, environment.crashes)) {
      made->guard_.Quarantine("it crashed an earlier run, " + crash->Describe() + ", and its file is still the same");
      return made;
    }
    std::array<char, 1024> text{};
    myelin_error error{sizeof(myelin_error), 0, text.data(), text.size(), 0};
    const int32_t code = made->Ask(Hook::kCreate, [&] {
      return made->functions_.create(made->services_.abi(), options.abi(), &made->instance_, &error);
    });
    made->services_.EndCreate();
    if (code == MYELIN_OK) {
      made->created_ = true;
      return made;
    }
    diagnostics.Error(origin, Refusal(handle, code, Text(error)));
    return nullptr;
  }

  ~PolicyInstance() {
    if (created_ && !guard_.abandoned()) Tell(Hook::kDestroy, [this] { functions_.destroy(instance_); });
  }
  PolicyInstance(const PolicyInstance&) = delete;
  PolicyInstance& operator=(const PolicyInstance&) = delete;

  /// A worker's state. Give it back with DestroyShard.
  bool CreateShard(uint32_t worker, void** shard, std::string& why) {
    if (!created_ || (guard_.abandoned() && guard_.quarantined())) return true;
    std::array<char, 1024> text{};
    myelin_error error{sizeof(myelin_error), 0, text.data(), text.size(), 0};
    const int32_t code =
        Ask(Hook::kCreateShard, [&] { return functions_.create_shard(instance_, worker, shard, &error); });
    if (code == MYELIN_OK) return true;
    why = Text(error);
    return false;
  }
  void DestroyShard(void* shard) {
    if (!created_ || guard_.abandoned()) return;
    Tell(Hook::kDestroyShard, [&] { functions_.destroy_shard(instance_, shard); });
  }

  /// Calls a [control] hook that answers a code; kThrew when it throws.
  template <typename Call>
  int32_t Ask(Hook hook, const Call& call) {
    return EnterHook(Site(hook), kThrew, call);
  }
  /// Calls a [control] hook that answers nothing.
  template <typename Call>
  void Tell(Hook hook, const Call& call) {
    const int32_t code = Ask(hook, [&] {
      call();
      return MYELIN_OK;
    });
    if (code != MYELIN_OK) guard_.Strike(std::string(HookName(hook)) + " threw an exception");
  }

  const Functions& functions() const { return functions_; }
  const PolicyHandle& handle() const { return handle_; }
  void* instance() const { return instance_; }
  PolicyGuard& guard() { return guard_; }
  const PolicyGuard& guard() const { return guard_; }

  /// The code of a hook that threw.
  static constexpr int32_t kThrew = INT32_MIN;
  const std::vector<uint32_t>& metadata_slots() const { return services_.metadata_slots(); }

 private:
  PolicyInstance(const PolicyHandle& handle, const PolicyEnvironment& environment)
      : handle_(handle),
        functions_(std::get<Functions>(handle.functions)),
        guard_({environment.proxy, std::string(PolicyKindName(handle.kind)), handle.name, handle.file,
                handle.plugin_version, handle.hash, environment.generation},
               environment.guards, *environment.log),
        services_(environment, guard_) {}

  static const CrashRecord* CrashOf(const PolicyGuard& guard, const CrashFile* crashes) {
    const bool wanted = crashes != nullptr && guard.settings().quarantine_on_crash;
    return wanted ? crashes->Find(guard.identity()) : nullptr;
  }

  static std::string Text(const myelin_error& error) {
    return std::string(error.message, std::min<uint64_t>(error.size, error.capacity));
  }

  static std::string Refusal(const PolicyHandle& handle, int32_t code, std::string_view why) {
    std::string message = std::string(PolicyKindName(handle.kind)) + " '" + handle.name + "' ";
    if (code == kThrew) return message + "cannot be made: its create threw an exception";
    message += "refuses its options: ";
    if (why.empty()) return message + "error " + std::to_string(code) + " without a message";
    return message + std::string(why);
  }

  HookSite& Site(Hook hook) {
    for (HookSite* site : sites_) {
      if (site->hook() == hook) return *site;
    }
    return *sites_.emplace_back(&guard_.AddSite(hook));
  }

  const PolicyHandle& handle_;
  const Functions functions_;
  PolicyGuard guard_;
  std::vector<HookSite*> sites_;  // of the [control] hooks called so far
  HostServices services_;
  void* instance_ = nullptr;
  bool created_ = false;
};

using Balancer = PolicyInstance<myelin_balancer>;
using Pool = PolicyInstance<myelin_pool>;
using Limiter = PolicyInstance<myelin_limiter>;

}  // namespace myelin
