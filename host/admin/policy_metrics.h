// SPDX-License-Identifier: Apache-2.0
//
// The metrics of a proxy's policies: strikes, quarantine, trials, and the time of each hook.
#pragma once

#include "admin/metric_families.h"
#include "base/stats.h"

namespace myelin {

void AddPolicyMetrics(MetricFamilies& out, const ProxyStats& proxy);

}  // namespace myelin
