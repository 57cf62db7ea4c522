// SPDX-License-Identifier: Apache-2.0
#include "pump/bind_check.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace myelin {
namespace {

std::string ErrnoText() { return std::generic_category().message(errno); }

std::string TryBind(const addrinfo& info) {
  const int fd = ::socket(info.ai_family, info.ai_socktype | SOCK_CLOEXEC, info.ai_protocol);
  if (fd < 0) return ErrnoText();
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  std::string why;
  if (::bind(fd, info.ai_addr, info.ai_addrlen) != 0 || ::listen(fd, 1) != 0) why = ErrnoText();
  ::close(fd);
  return why;
}

}  // namespace

std::string WhyNotBindable(const std::string& address) {
  if (address.starts_with("unix:")) return "";
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return "it has no port";
  std::string host = address.substr(0, colon);
  const std::string port = address.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &found);
  if (code != 0) return ::gai_strerror(code);
  const std::string why = TryBind(*found);
  ::freeaddrinfo(found);
  return why;
}

}  // namespace myelin
