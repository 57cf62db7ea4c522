// SPDX-License-Identifier: Apache-2.0
#include "plugin/plugin.h"

namespace myelin {

std::string_view PolicyKindName(PolicyKind kind) {
  switch (kind) {
    case PolicyKind::kBalancer:
      return "balancer";
    case PolicyKind::kPool:
      return "pool";
    case PolicyKind::kLimiter:
      return "limiter";
  }
  return "policy";
}

std::optional<PolicyKind> PolicyKindOf(std::string_view interface_id) {
  if (interface_id == MYELIN_BALANCER_1) return PolicyKind::kBalancer;
  if (interface_id == MYELIN_POOL_1) return PolicyKind::kPool;
  if (interface_id == MYELIN_LIMITER_1) return PolicyKind::kLimiter;
  return std::nullopt;
}

const PolicyHandle* Plugin::Find(PolicyKind kind, std::string_view policy_name) const {
  for (const auto& policy : policies) {
    if (policy->kind == kind && policy->name == policy_name) return policy.get();
  }
  return nullptr;
}

}  // namespace myelin
