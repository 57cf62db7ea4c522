// SPDX-License-Identifier: Apache-2.0
//
// The addresses a user types, taken apart and checked without asking the network: `host:port`, `:port`,
// `[v6]:port`, `unix:/path`. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace myelin {

struct Address {
  bool is_unix = false;
  std::string host;  // without brackets; empty: all interfaces. The path of a unix socket
  uint16_t port = 0;

  /// Listens on all interfaces.
  bool IsWildcard() const { return !is_unix && (host.empty() || host == "0.0.0.0" || host == "::"); }
  /// Its host is a name, not an address.
  bool NeedsLookup() const;
};

enum class AddressUse {
  kListen,   // the host may be left out, port 0 takes a free one
  kConnect,  // needs both
};

/// What each use accepts, for messages.
std::string_view AcceptedAddress(AddressUse use);

/// nullopt when `text` is no address for that use; `problem` then says why, as in "'x' <problem>".
std::optional<Address> ParseAddress(std::string_view text, AddressUse use, std::string& problem);

/// Whether two listening addresses cannot be open at once.
bool Collide(const Address& a, const Address& b);

}  // namespace myelin
