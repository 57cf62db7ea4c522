// SPDX-License-Identifier: Apache-2.0
//
// The upstream of bench/relay: a gRPC server that echoes what it got when the request ends, with grpc-status 0. It
// speaks just enough HTTP/2 to be cheap: frames and flow control, but it reads no header and answers every path. One
// thread.
//   upstream    binds a free port of 127.0.0.1 and prints it; a line on stdin asks for the number of calls answered so
//               far; it ends when stdin does
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using namespace std::string_view_literals;

constexpr size_t kFrameHeader = 9;
constexpr size_t kMaxFrame = 16'384;
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum Type : uint8_t { kData, kHeaders, kReset = 3, kSettings = 4, kPing = 6, kWindowUpdate = 8 };
enum Flag : uint8_t { kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8 };

// Replies in HPACK: `:status: 200`, `content-type: application/grpc`; then `grpc-status: 0`. What a connection's first
// reply puts into the dynamic table later ones refer to, as servers do; a peer without a table gets literals.
class Replies {
 public:
  std::string_view Headers() {
    if (!table_)
      return "\x88\x0f\x10\x10"
             "application/grpc"sv;
    if (std::exchange(type_known_, true)) return status_known_ ? "\x88\xbf"sv : "\x88\xbe"sv;
    return "\x88\x5f\x10"
           "application/grpc"sv;
  }
  std::string_view Trailers() {
    if (!table_)
      return "\x00\x0b"
             "grpc-status"
             "\x01"
             "0"sv;
    if (std::exchange(status_known_, true)) return "\xbe"sv;
    return "\x40\x0b"
           "grpc-status"
           "\x01"
           "0"sv;
  }
  void SetTableSize(uint32_t size) { table_ = size >= 4096; }

 private:
  bool table_ = true;
  bool type_known_ = false;
  bool status_known_ = false;
};

uint64_t answered = 0;

uint32_t Read32(const char* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof(value));
  return ntohl(value);
}

struct Stream {
  std::string body;
  int64_t window = 0;
  size_t sent = 0;
};

class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {
    AddFrame(kSettings, 0, 0, "\x00\x04\x7f\xff\xff\xff"sv);  // INITIAL_WINDOW_SIZE
    Grant(kWindow - 65'535);
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Does what there is to do. False when the connection has ended.
  bool Serve(uint32_t events) {
    if ((events & EPOLLIN) != 0 && !Receive()) return false;
    return Send();
  }
  bool wants_to_write() const { return !out_.empty(); }

 private:
  static constexpr uint32_t kWindow = 1u << 30;

  bool Receive() {
    char buffer[64 * 1024];
    const ssize_t got = ::recv(fd_, buffer, sizeof(buffer), 0);
    if (got <= 0) return false;
    in_.append(buffer, static_cast<size_t>(got));
    size_t at = 0;
    if (!greeted_) {
      if (in_.size() < kPreface.size()) return true;
      if (in_.compare(0, kPreface.size(), kPreface) != 0) return false;
      greeted_ = true;
      at = kPreface.size();
    }
    while (in_.size() - at >= kFrameHeader) {
      const size_t size = Read32(&in_[at]) >> 8;
      if (in_.size() - at < kFrameHeader + size) break;
      const auto flags = static_cast<uint8_t>(in_[at + 4]);
      OnFrame(static_cast<uint8_t>(in_[at + 3]), flags, Read32(&in_[at + 5]),
              std::string_view(in_).substr(at + kFrameHeader, size));
      at += kFrameHeader + size;
    }
    in_.erase(0, at);
    return true;
  }

  bool Send() {
    if (out_.empty()) return true;
    const ssize_t put = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0) return errno == EAGAIN;
    out_.erase(0, static_cast<size_t>(put));
    return true;
  }

  void OnFrame(uint8_t type, uint8_t flags, uint32_t id, std::string_view payload) {
    if (type == kSettings && (flags & kAck) == 0) {
      OnSettings(payload);
    } else if (type == kPing && (flags & kAck) == 0) {
      AddFrame(kPing, kAck, 0, payload);
    } else if (type == kWindowUpdate) {
      OnWindow(id, Read32(payload.data()));
    } else if (type == kReset) {
      streams_.erase(id);
    } else if (type == kHeaders) {
      streams_.try_emplace(id).first->second.window = initial_window_;
      if ((flags & kEndStream) != 0) OnEnd(id);
    } else if (type == kData) {
      OnData(flags, id, payload);
    }
  }

  void OnSettings(std::string_view payload) {
    for (; payload.size() >= 6; payload.remove_prefix(6)) {
      const uint32_t value = Read32(&payload[2]);
      if (payload[1] == 1) replies_.SetTableSize(value);  // HEADER_TABLE_SIZE
      if (payload[1] != 4) continue;                      // INITIAL_WINDOW_SIZE
      for (auto& [id, stream] : streams_) stream.window += value - initial_window_;
      initial_window_ = value;
    }
    AddFrame(kSettings, kAck, 0, {});
    AnswerBlocked();
  }

  void OnWindow(uint32_t id, uint32_t more) {
    if (id == 0) {
      window_ += more;
    } else if (const auto found = streams_.find(id); found != streams_.end()) {
      found->second.window += more;
    }
    AnswerBlocked();
  }

  void OnData(uint8_t flags, uint32_t id, std::string_view payload) {
    received_ += static_cast<uint32_t>(payload.size());
    if (received_ > kWindow / 2) Grant(std::exchange(received_, 0));
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    if ((flags & kPadded) != 0) {
      payload.remove_suffix(static_cast<uint8_t>(payload[0]));
      payload.remove_prefix(1);
    }
    found->second.body.append(payload);
    if ((flags & kEndStream) != 0) OnEnd(id);
  }

  void OnEnd(uint32_t id) {
    AddFrame(kHeaders, kEndHeaders, id, replies_.Headers());
    if (!Answer(id, streams_[id])) blocked_.push_back(id);
  }

  // Sends what the windows let pass; true when that was all.
  bool Answer(uint32_t id, Stream& stream) {
    while (stream.sent < stream.body.size()) {
      const int64_t room = std::min({window_, stream.window, int64_t{kMaxFrame}});
      if (room <= 0) return false;
      const auto part = std::string_view(stream.body).substr(stream.sent, static_cast<size_t>(room));
      AddFrame(kData, 0, id, part);
      stream.sent += part.size();
      stream.window -= static_cast<int64_t>(part.size());
      window_ -= static_cast<int64_t>(part.size());
    }
    AddFrame(kHeaders, kEndHeaders | kEndStream, id, replies_.Trailers());
    streams_.erase(id);
    ++answered;
    return true;
  }

  void AnswerBlocked() {
    std::erase_if(blocked_, [this](uint32_t id) {
      const auto found = streams_.find(id);
      return found == streams_.end() || Answer(id, found->second);
    });
  }

  void Grant(uint32_t more) {
    const uint32_t network = htonl(more);
    AddFrame(kWindowUpdate, 0, 0, {reinterpret_cast<const char*>(&network), sizeof(network)});
  }

  void AddFrame(uint8_t type, uint8_t flags, uint32_t id, std::string_view payload) {
    const uint32_t size_and_type = htonl(static_cast<uint32_t>(payload.size() << 8) | type);
    const uint32_t network_id = htonl(id);
    out_.append(reinterpret_cast<const char*>(&size_and_type), sizeof(size_and_type));
    out_.push_back(static_cast<char>(flags));
    out_.append(reinterpret_cast<const char*>(&network_id), sizeof(network_id));
    out_.append(payload);
  }

  const int fd_;
  bool greeted_ = false;
  std::string in_, out_;
  Replies replies_;
  std::unordered_map<uint32_t, Stream> streams_;
  std::vector<uint32_t> blocked_;  // have ended, and wait for a window
  int64_t window_ = 65'535;
  int64_t initial_window_ = 65'535;
  uint32_t received_ = 0;  // since the last grant
};

class Server {
 public:
  Server() : listener_(::socket(AF_INET, SOCK_STREAM, 0)), epoll_(::epoll_create1(0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, 1024) != 0) std::perror("upstream: listen");
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
          if (!Report()) return;
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
    connections_[fd] = std::make_unique<Connection>(fd);
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

  static bool Report() {
    char line[64];
    if (::read(STDIN_FILENO, line, sizeof(line)) <= 0) return false;
    std::printf("%llu\n", static_cast<unsigned long long>(answered));
    std::fflush(stdout);
    return true;
  }

  const int listener_;
  const int epoll_;
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;
};

}  // namespace

int main() { Server().Run(); }
