// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>
#include <utility>

namespace myelin::frame {
namespace {

constexpr int kBacklog = 4096;

std::vector<SocketAddress> UnixAddress(const std::string& path, std::string& why) {
  SocketAddress address;
  auto* unix_address = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.size() >= sizeof(unix_address->sun_path)) {
    why = "the path is too long for a unix socket";
    return {};
  }
  unix_address->sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), unix_address->sun_path);
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return {address};
}

int Fail(int fd, std::string& why) {
  why = ErrnoText(errno);
  if (fd >= 0) ::close(fd);
  return -1;
}

// One socket of IPv6 takes what comes by IPv4 too; a kernel without IPv6 has the other kind only.
int AnyFamily() {
  static const int family = [] {
    const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) ::close(fd);
    return fd >= 0 ? AF_INET6 : AF_INET;
  }();
  return family;
}

// A peer that has vanished without a word is found to be gone, in some three minutes. What a listening socket has, the
// accepted ones have too.
void SetKeepAlive(int fd) {
  const std::pair<int, int> options[] = {{TCP_KEEPIDLE, 120}, {TCP_KEEPINTVL, 15}, {TCP_KEEPCNT, 4}};
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  for (const auto& [name, value] : options) ::setsockopt(fd, IPPROTO_TCP, name, &value, sizeof(value));
}

// A path that nobody listens on any more is left over from a process that ended.
void RemoveStale(const SocketAddress& address) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const bool stale = ::connect(fd, address.get(), address.size) != 0 && errno == ECONNREFUSED;
  if (stale) ::unlink(reinterpret_cast<const sockaddr_un*>(&address.storage)->sun_path);
  ::close(fd);
}

}  // namespace

std::string ErrnoText(int error) {
  std::string text = std::generic_category().message(error);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

AddressText SplitAddress(const std::string& address) {
  constexpr std::string_view kUnix = "unix:";
  if (address.starts_with(kUnix)) return {true, address.substr(kUnix.size()), ""};
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return {false, address, ""};
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return {false, host, address.substr(colon + 1)};
}

std::vector<SocketAddress> Resolve(const AddressText& text, bool numeric_only, bool passive, std::string& why) {
  if (text.is_unix) return UnixAddress(text.host, why);
  addrinfo hints{};
  hints.ai_family = text.host.empty() ? AnyFamily() : AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0) | (numeric_only ? AI_NUMERICHOST : 0);
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(text.host.empty() ? nullptr : text.host.c_str(), text.port.c_str(), &hints, &found);
  if (code != 0) {
    why = ::gai_strerror(code);
    return {};
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    SocketAddress& address = addresses.emplace_back();
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return addresses;
}

int ListenOn(const SocketAddress& address, std::string& why) {
  const int family = address.storage.ss_family;
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return Fail(fd, why);
  const int on = 1;
  if (family == AF_UNIX) {
    RemoveStale(address);
  } else {
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    SetKeepAlive(fd);
  }
  if (::bind(fd, address.get(), address.size) != 0 || ::listen(fd, kBacklog) != 0) return Fail(fd, why);
  return fd;
}

uint16_t PortOf(int fd) {
  SocketAddress address;
  address.size = sizeof(address.storage);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size);
  if (address.storage.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
}

int ConnectTo(const SocketAddress& address, std::string& why) {
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return Fail(fd, why);
  if (address.storage.ss_family != AF_UNIX) {
    SetNoDelay(fd);
    SetKeepAlive(fd);
  }
  if (::connect(fd, address.get(), address.size) != 0 && errno != EINPROGRESS) return Fail(fd, why);
  return fd;
}

void SetNoDelay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

Peer DescribePeer(const SocketAddress& address, std::string& text) {
  Peer peer;
  char name[INET6_ADDRSTRLEN] = "";
  if (address.storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
    std::memcpy(peer.ip.data(), &v4->sin_addr, sizeof(v4->sin_addr));
    ::inet_ntop(AF_INET, &v4->sin_addr, name, sizeof(name));
    peer.family = MYELIN_PEER_IPV4;
    peer.port = ntohs(v4->sin_port);
    text = name + (":" + std::to_string(peer.port));
  } else if (address.storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
    std::memcpy(peer.ip.data(), &v6->sin6_addr, sizeof(v6->sin6_addr));
    ::inet_ntop(AF_INET6, &v6->sin6_addr, name, sizeof(name));
    peer.family = MYELIN_PEER_IPV6;
    peer.port = ntohs(v6->sin6_port);
    text = "[" + std::string(name) + "]:" + std::to_string(peer.port);
  } else {
    peer.family = MYELIN_PEER_UNIX;
    text = "unix:";
  }
  peer.text = text;
  return peer;
}

}  // namespace myelin::frame
