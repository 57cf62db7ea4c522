// SPDX-License-Identifier: Apache-2.0
//
// One policy at work for one proxy: the plugin's instance, its host services, its shards, and the count of its invalid
// answers. Made and destroyed on the control thread; shards are handed to workers.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/diagnostics.h"
#include "plugin/options.h"
#include "plugin/plugin.h"
#include "policy/host_services.h"

namespace myelin {

/// Counts the invalid answers of one policy, and says so in the log. Any thread.
class Strikes {
 public:
  Strikes(Logger& log, std::string component) : log_(log), component_(std::move(component)) {}
  void Add(std::string_view what);
  uint64_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  Logger& log_;
  std::string component_;
  std::atomic<uint64_t> count_{0};
};

/// `Functions` is myelin_balancer, myelin_pool or myelin_limiter.
template <typename Functions>
class PolicyInstance {
 public:
  /// Calls the plugin's `create`. nullptr and an error at `origin` when it refuses.
  static std::unique_ptr<PolicyInstance> Create(const PolicyHandle& handle, const CheckedOptions& options,
                                                PolicyEnvironment environment, const Origin& origin,
                                                Diagnostics& diagnostics) {
    std::unique_ptr<PolicyInstance> made(new PolicyInstance(handle, std::move(environment)));
    std::array<char, 1024> text{};
    myelin_error error{sizeof(myelin_error), 0, text.data(), text.size(), 0};
    const int32_t code = made->functions_.create(made->services_.abi(), options.abi(), &made->instance_, &error);
    made->services_.EndCreate();
    if (code == MYELIN_OK) {
      made->created_ = true;
      return made;
    }
    diagnostics.Error(
        origin, Refusal(handle, code, std::string_view(text.data(), std::min<uint64_t>(error.size, text.size()))));
    return nullptr;
  }

  ~PolicyInstance() {
    if (created_) functions_.destroy(instance_);
  }
  PolicyInstance(const PolicyInstance&) = delete;
  PolicyInstance& operator=(const PolicyInstance&) = delete;

  /// A worker's state. Give it back with DestroyShard.
  bool CreateShard(uint32_t worker, void** shard, std::string& why) {
    std::array<char, 1024> text{};
    myelin_error error{sizeof(myelin_error), 0, text.data(), text.size(), 0};
    if (functions_.create_shard(instance_, worker, shard, &error) == MYELIN_OK) return true;
    why.assign(text.data(), std::min<uint64_t>(error.size, text.size()));
    return false;
  }
  void DestroyShard(void* shard) { functions_.destroy_shard(instance_, shard); }

  const Functions& functions() const { return functions_; }
  const PolicyHandle& handle() const { return handle_; }
  void* instance() const { return instance_; }
  Strikes& strikes() { return strikes_; }

 private:
  PolicyInstance(const PolicyHandle& handle, PolicyEnvironment environment)
      : handle_(handle),
        functions_(std::get<Functions>(handle.functions)),
        services_(handle.name, environment),
        strikes_(*environment.log, environment.proxy + "/" + handle.name) {}

  static std::string Refusal(const PolicyHandle& handle, int32_t code, std::string_view why) {
    std::string message = std::string(PolicyKindName(handle.kind)) + " '" + handle.name + "' refuses its options: ";
    if (why.empty()) return message + "error " + std::to_string(code) + " without a message";
    return message + std::string(why);
  }

  const PolicyHandle& handle_;
  const Functions functions_;
  HostServices services_;
  Strikes strikes_;
  void* instance_ = nullptr;
  bool created_ = false;
};

using Balancer = PolicyInstance<myelin_balancer>;
using Pool = PolicyInstance<myelin_pool>;
using Limiter = PolicyInstance<myelin_limiter>;

}  // namespace myelin
