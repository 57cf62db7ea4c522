// SPDX-License-Identifier: Apache-2.0
#include "upstream_connection.h"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace myelin::bench {
namespace {

using namespace std::string_view_literals;

constexpr uint32_t kWindow = 1u << 30;
constexpr size_t kFrameHeader = 9;
constexpr size_t kMaxFrame = 16'384;
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum Type : uint8_t { kData, kHeaders, kReset = 3, kSettings = 4, kPing = 6, kWindowUpdate = 8 };
enum Flag : uint8_t { kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8 };

constexpr size_t kPoured = 64 * 1024;
constexpr size_t kEnoughOutput = 1024 * 1024;

uint32_t Read32(const char* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof(value));
  return ntohl(value);
}

}  // namespace

std::string_view Replies::Headers() {
  if (!table_)
    return "\x88\x0f\x10\x10"
           "application/grpc"sv;
  if (std::exchange(type_known_, true)) return status_known_ ? "\x88\xbf"sv : "\x88\xbe"sv;
  return "\x88\x5f\x10"
         "application/grpc"sv;
}

std::string_view Replies::Trailers() {
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

Connection::Connection(int fd, const Answering& answering) : fd_(fd), answering_(answering) {
  AddFrame(kSettings, 0, 0, "\x00\x04\x7f\xff\xff\xff"sv);  // INITIAL_WINDOW_SIZE
  Grant(kWindow - 65'535);
}

Connection::~Connection() { ::close(fd_); }

bool Connection::Serve(uint32_t events) {
  if ((events & EPOLLIN) != 0 && !Receive()) return false;
  return Send();
}

bool Connection::Receive() {
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

bool Connection::Send() {
  while (!out_.empty()) {
    const ssize_t put = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0) return errno == EAGAIN;
    out_.erase(0, static_cast<size_t>(put));
    AnswerBlocked();
  }
  return true;
}

void Connection::OnFrame(uint8_t type, uint8_t flags, uint32_t id, std::string_view payload) {
  if (type == kSettings && (flags & kAck) == 0) {
    OnSettings(payload);
  } else if (type == kPing && (flags & kAck) == 0) {
    AddFrame(kPing, kAck, 0, payload);
  } else if (type == kWindowUpdate) {
    OnWindow(id, Read32(payload.data()));
  } else if (type == kReset) {
    streams_.erase(id);
  } else if (type == kHeaders) {
    OnHeaders(id, (flags & kEndStream) != 0);
  } else if (type == kData) {
    OnData(flags, id, payload);
  }
}

void Connection::OnSettings(std::string_view payload) {
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

void Connection::OnWindow(uint32_t id, uint32_t more) {
  if (id == 0) {
    window_ += more;
  } else if (const auto found = streams_.find(id); found != streams_.end()) {
    found->second.window += more;
  }
  AnswerBlocked();
}

void Connection::OnData(uint8_t flags, uint32_t id, std::string_view payload) {
  received_ += static_cast<uint32_t>(payload.size());
  if (received_ > kWindow / 2) Grant(std::exchange(received_, 0));
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  if ((flags & kPadded) != 0) {
    payload.remove_suffix(static_cast<uint8_t>(payload[0]));
    payload.remove_prefix(1);
  }
  Stream& stream = found->second;
  if (stream.sent > stream.body.size() / 2) stream.body.erase(0, std::exchange(stream.sent, 0));
  if (stream.to_pour == 0) stream.body.append(payload);
  Go(id, stream, (flags & kEndStream) != 0);
}

void Connection::OnHeaders(uint32_t id, bool ended) {
  Stream& stream = streams_[id];
  stream.window = initial_window_;
  stream.to_pour = answering_.pour;
  Go(id, stream, ended);
}

void Connection::Go(uint32_t id, Stream& stream, bool ended) {
  stream.ended = stream.ended || ended;
  if (!stream.ended && !answering_.at_once) return;
  if (!std::exchange(stream.begun, true)) AddFrame(kHeaders, kEndHeaders, id, replies_.Headers());
  if (Answer(id, stream) || std::exchange(stream.blocked, true)) return;
  blocked_.push_back(id);
}

bool Connection::Answer(uint32_t id, Stream& stream) {
  while (Refill(stream)) {
    const int64_t room = std::min({window_, stream.window, int64_t{kMaxFrame}});
    if (room <= 0 || out_.size() > kEnoughOutput) return false;
    const auto part = std::string_view(stream.body).substr(stream.sent, static_cast<size_t>(room));
    AddFrame(kData, 0, id, part);
    stream.sent += part.size();
    stream.window -= static_cast<int64_t>(part.size());
    window_ -= static_cast<int64_t>(part.size());
  }
  if (!stream.ended) return true;
  AddFrame(kHeaders, kEndHeaders | kEndStream, id, replies_.Trailers());
  streams_.erase(id);
  return true;
}

bool Connection::Refill(Stream& stream) {
  if (stream.sent < stream.body.size()) return true;
  stream.body.clear();
  stream.sent = 0;
  if (stream.to_pour == 0) return false;
  --stream.to_pour;
  const uint32_t size = htonl(kPoured);
  stream.body.push_back('\0');
  stream.body.append(reinterpret_cast<const char*>(&size), sizeof(size));
  stream.body.append(kPoured, 'x');
  return true;
}

void Connection::AnswerBlocked() {
  std::erase_if(blocked_, [this](uint32_t id) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return true;
    found->second.blocked = false;
    if (Answer(id, found->second)) return true;
    found->second.blocked = true;
    return false;
  });
}

void Connection::Grant(uint32_t more) {
  const uint32_t network = htonl(more);
  AddFrame(kWindowUpdate, 0, 0, {reinterpret_cast<const char*>(&network), sizeof(network)});
}

void Connection::AddFrame(uint8_t type, uint8_t flags, uint32_t id, std::string_view payload) {
  const uint32_t size_and_type = htonl(static_cast<uint32_t>(payload.size() << 8) | type);
  const uint32_t network_id = htonl(id);
  out_.append(reinterpret_cast<const char*>(&size_and_type), sizeof(size_and_type));
  out_.push_back(static_cast<char>(flags));
  out_.append(reinterpret_cast<const char*>(&network_id), sizeof(network_id));
  out_.append(payload);
}

}  // namespace myelin::bench
