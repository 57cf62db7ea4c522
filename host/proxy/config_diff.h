// SPDX-License-Identifier: Apache-2.0
//
// What differs between two configurations of a proxy, wherever it was written. Plain functions, any thread.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace myelin {

bool SameEndpoints(const std::vector<EndpointConfig>& a, const std::vector<EndpointConfig>& b);
bool SameListen(const ProxyConfig& a, const ProxyConfig& b);
/// Whether clients may bring as much to both.
bool SameListenLimits(const ProxyConfig& a, const ProxyConfig& b);
/// Whether they have no listening address in common.
bool ListenApart(const ProxyConfig& a, const ProxyConfig& b);

/// "endpoints +1 -2, balancer min_conn, timeouts": what leads from one to the other; "" when nothing does.
std::string DescribeChange(const ProxyConfig& from, const ProxyConfig& to);

}  // namespace myelin
