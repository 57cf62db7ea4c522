// SPDX-License-Identifier: Apache-2.0
//
// A loaded plugin and the policies in it, as the rest of the host uses them: names copied, function tables filled up,
// everything checked. Made by plugin/inspect, owned by the Catalog, never unloaded. Read-only, any thread.
#pragma once

#include <myelin/myelin.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plugin/option_table.h"

namespace myelin {

enum class PolicyKind { kBalancer, kPool, kLimiter };

/// "balancer", "pool" or "limiter".
std::string_view PolicyKindName(PolicyKind kind);

/// The kind that an interface id ("myelin.pool/1") stands for, if this host knows it.
std::optional<PolicyKind> PolicyKindOf(std::string_view interface_id);

/// One policy of a plugin. Every function of its table but `save` and `load` can be called without a test for NULL:
/// what the plugin left out is a no-op. A NULL `save` or `load` means that the policy carries no state over.
struct PolicyHandle {
  PolicyKind kind = PolicyKind::kBalancer;
  std::string name;
  std::string doc;
  std::string file;  // the .so as deployed, for messages
  std::string plugin_name;
  std::string plugin_version;
  std::string hash;  // SHA-256 of the file's bytes, hexadecimal
  OptionTable options;
  bool has_done = false;   // the plugin has its own `done`; without it nobody need collect results
  bool has_tick = false;   // pools: the plugin has its own `tick`
  bool has_shard = false;  // the plugin makes shards; without it every worker's shard is the instance
  std::variant<myelin_balancer, myelin_pool, myelin_limiter> functions;

  const myelin_balancer& balancer() const { return std::get<myelin_balancer>(functions); }
  const myelin_pool& pool() const { return std::get<myelin_pool>(functions); }
  const myelin_limiter& limiter() const { return std::get<myelin_limiter>(functions); }
};

struct Plugin {
  std::string file;  // as deployed
  std::string hash;  // SHA-256 of its bytes, hexadecimal
  std::string name;
  std::string version;
  std::string vendor;
  std::string license;
  uint32_t abi_major = 0;
  uint32_t abi_minor = 0;
  std::vector<std::unique_ptr<PolicyHandle>> policies;
  std::vector<std::string> warnings;  // sentences: what of it this host cannot use

  /// The policy of that kind and name, or nullptr.
  const PolicyHandle* Find(PolicyKind kind, std::string_view policy_name) const;
};

}  // namespace myelin
