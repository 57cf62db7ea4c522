// SPDX-License-Identifier: Apache-2.0
//
// Blocks of IP addresses (RFC 4632 for IPv4, RFC 4291 for IPv6). An IPv4 address mapped into IPv6 (::ffff:10.0.0.1) is
// the IPv4 address, in a block and in a peer. Immutable, any thread.
#pragma once

#include <cstdint>
#include <myelin/cpp/call.hpp>
#include <optional>
#include <string>

namespace myelin::access {

/// An address as 128 bits in host order; IPv4 in its mapped form.
struct Address {
  uint64_t high = 0;
  uint64_t low = 0;
  bool ipv4 = false;
};

/// The downstream address of `call`; nullopt for Unix sockets and what the host does not know. [worker]
std::optional<Address> PeerAddress(const sdk::CallView& call);

class Cidr {
 public:
  /// Reads `10.0.0.0/8`, `2001:db8::/32`, or a single address. Throws std::invalid_argument with a sentence, also for
  /// bits beyond the prefix: 10.1.0.0/8 is more likely a slip than 10.0.0.0/8.
  explicit Cidr(const std::string& text);

  /// Whether `address` lies in the block. IPv4 addresses lie in no block of IPv6, not even ::/0.
  bool Contains(const Address& address) const {
    return address.ipv4 == network_.ipv4 && ((address.high ^ network_.high) & mask_.high) == 0 &&
           ((address.low ^ network_.low) & mask_.low) == 0;
  }

 private:
  Address network_;
  Address mask_;
};

}  // namespace myelin::access
