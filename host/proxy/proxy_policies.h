// SPDX-License-Identifier: Apache-2.0
//
// From the policies that a proxy names to instances of them: found, options checked, created; or, where nothing about
// one has changed, the instance that runs. Control thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "config/config.h"
#include "plugin/catalog.h"
#include "policy/candidate.h"

namespace myelin {

struct ProxyPolicies {
  std::shared_ptr<Balancer> balancer;
  std::shared_ptr<Pool> pool;
  std::vector<std::shared_ptr<Limiter>> limiters;
  Candidate<myelin_balancer> balancer_candidate;
  std::vector<Candidate<myelin_limiter>> limiter_candidates;  // beside `limiters`

  bool operator==(const ProxyPolicies&) const = default;
};

/// Creates all the policies of `proxy`. What fails is in `diagnostics`; the result is whole only without errors.
ProxyPolicies CreatePolicies(const ProxyConfig& proxy, Catalog& catalog, const PolicyEnvironment& environment,
                             Diagnostics& diagnostics);

/// Which policies are looked up again on disk; the others run on, whatever has become of their files.
struct Renewed {
  bool balancer = true;
  bool pool = true;
  std::vector<bool> limiters;  // by place; empty: all
  bool candidates = true;      // those on trial
};

/// As CreatePolicies, beside `running`, which `running_config` led to. A policy whose plugin, name and options are the
/// same is the same instance; one that replaces another of its name gets its state. `environment.keys` is a copy of the
/// running ones.
ProxyPolicies ReplacePolicies(const ProxyConfig& proxy, const ProxyConfig& running_config, const ProxyPolicies& running,
                              const Renewed& renewed, Catalog& catalog, const PolicyEnvironment& environment,
                              Diagnostics& diagnostics);

}  // namespace myelin
