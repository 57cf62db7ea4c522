// SPDX-License-Identifier: Apache-2.0
//
// Plain sockets. Every receive is bounded, so that a bug fails a test and does not hang it.
#include "admin/raw_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

namespace myelin::test {
namespace {

constexpr timeval kReceiveTimeout{20, 0};

template <typename Address>
int Connect(int family, const Address& address) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) std::abort();
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kReceiveTimeout, sizeof(kReceiveTimeout));
  return fd;
}

int ConnectTo(const std::string& address) {
  const size_t colon = address.rfind(':');
  const auto port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  if (address[0] == '[') {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = port;
    to.sin6_addr = in6addr_loopback;
    return Connect(AF_INET6, to);
  }
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = port;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return Connect(AF_INET, to);
}

size_t ContentLength(std::string_view headers) {
  constexpr std::string_view kName = "Content-Length: ";
  const size_t at = headers.find(kName);
  return at == std::string_view::npos ? 0 : std::strtoull(headers.data() + at + kName.size(), nullptr, 10);
}

}  // namespace

RawConnection::RawConnection(const std::string& address) : fd_(ConnectTo(address)) {}

RawConnection::~RawConnection() { ::close(fd_); }

bool RawConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawConnection::Fill() {
  std::array<char, 4096> chunk;
  const ssize_t count = ::recv(fd_, chunk.data(), chunk.size(), 0);
  if (count > 0) received_.append(chunk.data(), static_cast<size_t>(count));
  return count > 0;
}

std::string RawConnection::ReadToEnd() {
  while (Fill()) {
  }
  return std::exchange(received_, "");
}

std::string RawConnection::ReadResponse(bool head) {
  size_t headers = std::string::npos;
  while ((headers = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return std::exchange(received_, "");
  }
  const size_t size = headers + 4 + (head ? 0 : ContentLength(std::string_view(received_).substr(0, headers)));
  while (received_.size() < size && Fill()) {
  }
  const std::string response = received_.substr(0, size);
  received_.erase(0, size);
  return response;
}

int StatusOf(const std::string& address, std::string_view request) {
  RawConnection connection(address);
  connection.Send(request);
  return StatusIn(connection.ReadResponse());
}

int StatusIn(std::string_view response) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  return response.starts_with(kVersion) ? std::atoi(std::string(response.substr(kVersion.size(), 3)).c_str()) : 0;
}

std::string BodyIn(std::string_view response) {
  const size_t end = response.find("\r\n\r\n");
  return end == std::string_view::npos ? "" : std::string(response.substr(end + 4));
}

}  // namespace myelin::test
