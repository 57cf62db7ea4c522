// SPDX-License-Identifier: Apache-2.0
//
// HostStats as Prometheus metrics; docs/operation.md lists them. The numbers live in the workers' cells, so nothing is
// registered with prometheus-cpp: a snapshot becomes families, and its serialiser writes them. Any thread.
#pragma once

#include <string>

#include "base/stats.h"

namespace myelin {

/// The page at /metrics, in the text exposition format 0.0.4.
std::string MetricsText(const HostStats& stats);

}  // namespace myelin
