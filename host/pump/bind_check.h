// SPDX-License-Identifier: Apache-2.0
//
// Finds out whether an address can be listened on, and why not, for servers that only answer yes or no.
#pragma once

#include <string>

namespace myelin {

/// "" when `address` (host:port, :port, [v6]:port, unix:/path) can be bound now, else the reason: "address already in
/// use".
std::string WhyNotBindable(const std::string& address);

}  // namespace myelin
