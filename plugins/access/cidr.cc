// SPDX-License-Identifier: Apache-2.0
//
// How blocks are read [control] and peers are brought into the same form [worker].
#include "access/cidr.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace myelin::access {
namespace {

using Bytes = std::array<uint8_t, 16>;

constexpr Bytes kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned kMappedBits = 96;
constexpr unsigned kAddressBits = 128;

uint64_t Word(const uint8_t* bytes) {
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i) word = word << 8 | bytes[i];
  return word;
}

Address FromIpv6(const Bytes& bytes) {
  const bool mapped = std::memcmp(bytes.data(), kMappedPrefix.data(), kMappedBits / 8) == 0;
  return {Word(bytes.data()), Word(bytes.data() + 8), mapped};
}

Address FromIpv4(const uint8_t* ip) {
  Bytes bytes = kMappedPrefix;
  std::memcpy(bytes.data() + kMappedBits / 8, ip, 4);
  return FromIpv6(bytes);
}

std::optional<Address> ParseAddress(const std::string& text, unsigned& width) {
  Bytes bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    width = kAddressBits - kMappedBits;
    return FromIpv4(bytes.data());
  }
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::nullopt;
  width = kAddressBits;
  return FromIpv6(bytes);
}

// One to three digits and nothing else; a value above `width` is the caller's to refuse.
std::optional<unsigned> ParsePrefix(std::string_view text) {
  if (text.empty() || text.size() > 3) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

uint64_t LeadingOnes(unsigned count) { return count == 0 ? 0 : count >= 64 ? UINT64_MAX : ~(UINT64_MAX >> count); }

std::string Format(const Address& address, bool as_ipv4) {
  Bytes bytes{};
  for (unsigned i = 0; i < 8; ++i) {
    bytes[i] = static_cast<uint8_t>(address.high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<uint8_t>(address.low >> (56 - 8 * i));
  }
  char text[INET6_ADDRSTRLEN];
  const uint8_t* from = as_ipv4 ? bytes.data() + kMappedBits / 8 : bytes.data();
  return inet_ntop(as_ipv4 ? AF_INET : AF_INET6, from, text, sizeof(text));
}

}  // namespace

Cidr::Cidr(const std::string& text) {
  const size_t slash = text.find('/');
  unsigned width = 0;
  const auto address = ParseAddress(text.substr(0, slash), width);
  if (!address) {
    throw std::invalid_argument("'" + text +
                                "' is not an address block; 10.0.0.0/8, 2001:db8::/32 or a single "
                                "address is accepted");
  }
  const auto prefix = slash == std::string::npos ? std::optional(width) : ParsePrefix(text.substr(slash + 1));
  if (!prefix || *prefix > width) {
    throw std::invalid_argument("'" + text + "' has no valid prefix length; 0 to " + std::to_string(width) +
                                " is accepted");
  }
  const unsigned bits = *prefix + (kAddressBits - width);
  mask_ = {LeadingOnes(bits), bits > 64 ? LeadingOnes(bits - 64) : 0, false};
  network_ = {address->high & mask_.high, address->low & mask_.low, address->ipv4};
  if (network_.high != address->high || network_.low != address->low) {
    throw std::invalid_argument("'" + text + "' has bits beyond its prefix; did you mean " +
                                Format(network_, width < kAddressBits) + text.substr(slash) + "?");
  }
}

std::optional<Address> PeerAddress(const sdk::CallView& call) {
  if (call.PeerFamily() == MYELIN_PEER_IPV4) return FromIpv4(call.PeerIp());
  if (call.PeerFamily() != MYELIN_PEER_IPV6) return std::nullopt;
  Bytes bytes;
  std::memcpy(bytes.data(), call.PeerIp(), bytes.size());
  return FromIpv6(bytes);
}

}  // namespace myelin::access
