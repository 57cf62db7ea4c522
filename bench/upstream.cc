// SPDX-License-Identifier: Apache-2.0
//
// The upstream of bench/run: a gRPC server that echoes what it gets, with grpc-status 0. One thread.
//   upstream [PORT]    binds it on 127.0.0.1, or a free one, and prints it. A line on stdin says how streams are
//                      answered from then on, and comes back when that holds; it ends when stdin does.
// unary      the echo begins when the request has ended (the default)
// stream     headers at once, and each byte as it comes
// pour N     when the request has ended, N messages of 64 KiB instead of the echo
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "upstream_connection.h"

namespace myelin::bench {
namespace {

class Server {
 public:
  explicit Server(uint16_t port) : listener_(::socket(AF_INET, SOCK_STREAM, 0)), epoll_(::epoll_create1(0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, 4096) != 0) std::perror("upstream: listen");
    ::getsockname(listener_, any, &size);
    std::printf("%u\n", unsigned{ntohs(address.sin_port)});
    std::fflush(stdout);
    Watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
    Watch(STDIN_FILENO, EPOLLIN, EPOLL_CTL_ADD);
  }

  void Run() {
    std::vector<epoll_event> events(256);
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<size_t>(i)];
        if (event.data.fd == STDIN_FILENO) {
          if (!Obey()) return;
        } else if (event.data.fd == listener_) {
          Accept();
        } else {
          Serve(event.data.fd, event.events);
        }
      }
    }
  }

 private:
  void Watch(int fd, uint32_t events, int operation) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, operation, fd, &event);
  }

  void Accept() {
    const int fd = ::accept(listener_, nullptr, nullptr);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    connections_[fd] = std::make_unique<Connection>(fd, answering_);
    Watch(fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
  }

  void Serve(int fd, uint32_t events) {
    Connection& connection = *connections_[fd];
    const bool alive = connection.Serve(events);
    if (!alive) {
      connections_.erase(fd);
    } else if ((events & EPOLLOUT) != 0 || connection.wants_to_write()) {
      Watch(fd, EPOLLIN | (connection.wants_to_write() ? EPOLLOUT : 0u), EPOLL_CTL_MOD);
    }
  }

  bool Obey() {
    char line[64];
    const ssize_t size = ::read(STDIN_FILENO, line, sizeof(line));
    if (size <= 0) return false;
    const std::string_view text(line, static_cast<size_t>(size));
    answering_.at_once = text.starts_with("stream");
    answering_.pour = text.starts_with("pour ") ? std::strtoull(line + 5, nullptr, 10) : 0;
    std::printf("%.*s", static_cast<int>(text.size()), text.data());
    std::fflush(stdout);
    return true;
  }

  Answering answering_;
  const int listener_;
  const int epoll_;
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;
};

}  // namespace
}  // namespace myelin::bench

int main(int argc, char** argv) {
  myelin::bench::Server(argc > 1 ? static_cast<uint16_t>(std::atoi(argv[1])) : uint16_t{0}).Run();
}
