// SPDX-License-Identifier: Apache-2.0
#include "proxy/proxy_policies.h"

namespace myelin {
namespace {

template <typename Functions>
std::shared_ptr<PolicyInstance<Functions>> CreateOne(PolicyKind kind, const PolicyConfig& config, Catalog& catalog,
                                                     const PolicyEnvironment& environment, Diagnostics& diagnostics) {
  const PolicyHandle* handle = catalog.Find(kind, config.name, config.origin, diagnostics);
  if (handle == nullptr) return nullptr;
  CheckedOptions options;
  Node written = config.options;
  if (written.origin.source.empty()) written.origin = config.origin;
  if (!CheckOptions(handle->options, written, diagnostics, options)) return nullptr;
  return PolicyInstance<Functions>::Create(*handle, options, environment, config.origin, diagnostics);
}

}  // namespace

ProxyPolicies CreatePolicies(const ProxyConfig& proxy, Catalog& catalog, const PolicyEnvironment& environment,
                             Diagnostics& diagnostics) {
  ProxyPolicies made;
  made.balancer = CreateOne<myelin_balancer>(PolicyKind::kBalancer, proxy.balancer, catalog, environment, diagnostics);
  made.pool = CreateOne<myelin_pool>(PolicyKind::kPool, proxy.pool, catalog, environment, diagnostics);
  for (const PolicyConfig& limiter : proxy.limiters) {
    made.limiters.push_back(
        CreateOne<myelin_limiter>(PolicyKind::kLimiter, limiter, catalog, environment, diagnostics));
  }
  return made;
}

}  // namespace myelin
