// SPDX-License-Identifier: Apache-2.0
#include "config/address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>

namespace myelin {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool IsIpv4(const std::string& host) {
  in_addr parsed{};
  return inet_pton(AF_INET, host.c_str(), &parsed) == 1;
}

bool IsIpv6(std::string host) {
  // A zone ("%eth0") belongs to this machine, not to the address.
  host.resize(std::min(host.size(), host.find('%')));
  in6_addr parsed{};
  return inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

// RFC 1123 names, with '_' as Docker and Kubernetes use it and the '*' of placeholder addresses.
bool IsName(std::string_view host) {
  return host.size() <= 253 && host.front() != '.' && host.front() != '-' &&
         host.find("..") == std::string_view::npos && std::all_of(host.begin(), host.end(), [](char c) {
           return IsDigit(c) || IsLetter(c) || c == '-' || c == '_' || c == '.' || c == '*';
         });
}

bool LooksNumeric(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) { return IsDigit(c) || c == '.'; });
}

std::optional<uint16_t> ParsePort(std::string_view text, AddressUse use, std::string& problem) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool is_number = !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
  if (is_number && (error != std::errc() || (port == 0 && use == AddressUse::kConnect))) {
    problem = use == AddressUse::kConnect ? "has a port outside 1 to 65535" : "has a port outside 0 to 65535";
    return std::nullopt;
  }
  if (!is_number || end != text.data() + text.size()) {
    problem = text.empty() ? "has no port" : "has a port that is no number";
    return std::nullopt;
  }
  return port;
}

std::optional<Address> ParseUnix(std::string_view path, std::string& problem) {
  if (path.starts_with("//")) path.remove_prefix(2);
  if (path.empty()) problem = "has no path";
  if (path.size() >= sizeof(sockaddr_un::sun_path)) problem = "has a path longer than a unix socket can have (107)";
  if (!problem.empty()) return std::nullopt;
  return Address{true, std::string(path), 0};
}

bool CheckHost(const std::string& host, bool in_brackets, AddressUse use, std::string& problem) {
  if (in_brackets) {
    if (!IsIpv6(host)) problem = "has no IPv6 address between its brackets";
  } else if (host.empty()) {
    if (use == AddressUse::kConnect) problem = "has no host";
  } else if (host.find(':') != std::string::npos) {
    problem = "is ambiguous (an IPv6 address needs brackets)";
  } else if (LooksNumeric(host)) {
    if (!IsIpv4(host)) problem = "is no IPv4 address";
  } else if (!IsName(host)) {
    problem = "has a character that no host name has";
  }
  return problem.empty();
}

}  // namespace

bool Address::NeedsLookup() const { return !is_unix && !host.empty() && !IsIpv4(host) && !IsIpv6(host); }

std::string_view AcceptedAddress(AddressUse use) {
  return use == AddressUse::kListen ? "host:port, :port for all interfaces, [v6]:port or unix:/path"
                                    : "host:port, [v6]:port or unix:/path";
}

std::optional<Address> ParseAddress(std::string_view text, AddressUse use, std::string& problem) {
  problem.clear();
  if (text.starts_with(kUnixPrefix)) return ParseUnix(text.substr(kUnixPrefix.size()), problem);
  if (text.find("://") != std::string_view::npos) {
    problem = "is a URL (leave the scheme out)";
    return std::nullopt;
  }
  const size_t colon = text.rfind(':');
  const size_t bracket = text.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
    problem = "has no port";
    return std::nullopt;
  }
  const bool in_brackets = text.front() == '[' && bracket + 1 == colon;
  Address address;
  address.host = std::string(in_brackets ? text.substr(1, bracket - 1) : text.substr(0, colon));
  const std::optional<uint16_t> port = ParsePort(text.substr(colon + 1), use, problem);
  if (!port || !CheckHost(address.host, in_brackets, use, problem)) return std::nullopt;
  address.port = *port;
  return address;
}

bool Collide(const Address& a, const Address& b) {
  if (a.is_unix != b.is_unix) return false;
  if (a.is_unix) return a.host == b.host;
  if (a.port != b.port || a.port == 0) return false;
  auto loopback_by_number = [](const Address& x) { return x.host == "localhost" ? std::string("127.0.0.1") : x.host; };
  return a.IsWildcard() || b.IsWildcard() || loopback_by_number(a) == loopback_by_number(b);
}

}  // namespace myelin
