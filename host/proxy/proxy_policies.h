// SPDX-License-Identifier: Apache-2.0
//
// From the policies that a proxy names to instances of them: found, options checked, created. Control thread.
#pragma once

#include <memory>
#include <vector>

#include "base/diagnostics.h"
#include "config/config.h"
#include "plugin/catalog.h"
#include "policy/instance.h"

namespace myelin {

struct ProxyPolicies {
  std::shared_ptr<Balancer> balancer;
  std::shared_ptr<Pool> pool;
  std::vector<std::shared_ptr<Limiter>> limiters;
};

/// Creates all the policies of `proxy`. What fails is in `diagnostics`; the result is whole only without errors.
ProxyPolicies CreatePolicies(const ProxyConfig& proxy, Catalog& catalog, const PolicyEnvironment& environment,
                             Diagnostics& diagnostics);

}  // namespace myelin
