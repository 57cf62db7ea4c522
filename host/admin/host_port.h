// SPDX-License-Identifier: Apache-2.0
//
// The addresses that the admin listener and its client take. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace myelin {

struct HostPort {
  std::string host;  // without brackets; empty for ":port"
  std::string port;  // digits, 0 to 65535
};

/// Splits `host:port`, `[v6]:port` or `:port`; nullopt for anything else.
std::optional<HostPort> ParseHostPort(std::string_view text);

/// The other way round, with brackets around an IPv6 address.
std::string FormatHostPort(const HostPort& address);

}  // namespace myelin
