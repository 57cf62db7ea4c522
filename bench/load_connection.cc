// SPDX-License-Identifier: Apache-2.0
#include "load_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace myelin::bench {
namespace {

constexpr uint32_t kWindow = 1u << 30;  // so that it is never the load that holds a relay back

int Connect(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    std::perror("load: connect");
    std::exit(1);
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

std::string_view Text(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

nghttp2_nv Field(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

uint64_t NowNs() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

void Tally::Count(int status) {
  if (measuring || status != 0) ++statuses[status];
}

void Tally::Answer(uint64_t since_ns) {
  ++answered;
  if (measuring) latencies_ns.push_back(NowNs() - since_ns);
}

Connection::Connection(const Plan& plan, Tally& tally, uint16_t port) : plan_(plan), tally_(tally), fd_(Connect(port)) {
  nghttp2_session_client_new(&h2_, Callbacks(), this);
  const nghttp2_settings_entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow};
  nghttp2_submit_settings(h2_, NGHTTP2_FLAG_NONE, &window, 1);
  nghttp2_session_set_local_window_size(h2_, NGHTTP2_FLAG_NONE, 0, kWindow);
}

Connection::~Connection() {
  nghttp2_session_del(h2_);
  ::close(fd_);
}

const nghttp2_session_callbacks* Connection::Callbacks() {
  static nghttp2_session_callbacks* callbacks = [] {
    nghttp2_session_callbacks* made = nullptr;
    nghttp2_session_callbacks_new(&made);
    nghttp2_session_callbacks_set_on_header_callback(
        made, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                 const uint8_t* value, size_t value_size, uint8_t, void* self) {
          static_cast<Connection*>(self)->OnHeader(frame->hd.stream_id, Text(name, name_size), Text(value, value_size));
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        made, [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size, void* self) {
          static_cast<Connection*>(self)->OnData(id, Text(bytes, size));
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(made,
                                                           [](nghttp2_session*, int32_t id, uint32_t, void* self) {
                                                             static_cast<Connection*>(self)->OnClose(id);
                                                             return 0;
                                                           });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        made, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
          const bool acknowledged = frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
          if (acknowledged) ++static_cast<Connection*>(self)->tally_.settled;
          return 0;
        });
    return made;
  }();
  return callbacks;
}

void Connection::Start(uint64_t since_ns) {
  static constexpr std::string_view kType = "application/grpc";
  const std::array<nghttp2_nv, 6> fields{Field(":method", "POST"),           Field(":scheme", "http"),
                                         Field(":path", "/bench.Echo/Call"), Field(":authority", "bench"),
                                         Field("content-type", kType),       Field("te", "trailers")};
  nghttp2_data_provider body{};
  body.read_callback = &Connection::Read;
  const int32_t id = nghttp2_submit_request(h2_, nullptr, fields.data(), fields.size(), &body, nullptr);
  if (id < 0) {
    std::fprintf(stderr, "load: %s\n", nghttp2_strerror(id));
    std::exit(1);
  }
  Call& call = calls_[id];
  call.to_send = plan_.in_flight * plan_.message.size();
  call.since_ns.assign(plan_.in_flight, since_ns);
}

void Connection::EndStreams() {
  for (auto& [id, call] : calls_) {
    call.ending = true;
    nghttp2_session_resume_data(h2_, id);
  }
}

// The message again and again, as far as it is to be sent.
ssize_t Connection::Read(nghttp2_session*, int32_t id, uint8_t* buffer, size_t room, uint32_t* flags,
                         nghttp2_data_source*, void* self) {
  auto& connection = *static_cast<Connection*>(self);
  const std::string& message = connection.plan_.message;
  Call& call = connection.calls_.at(id);
  size_t filled = 0;
  while (filled < room && call.sent < call.to_send) {
    const size_t at = call.sent % message.size();
    const size_t part = std::min(message.size() - at, room - filled);
    std::memcpy(buffer + filled, message.data() + at, part);
    filled += part;
    call.sent += part;
  }
  if (call.sent == call.to_send && (!connection.plan_.stream || call.ending)) *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (filled == 0 && (*flags & NGHTTP2_DATA_FLAG_EOF) == 0) return NGHTTP2_ERR_DEFERRED;
  return static_cast<ssize_t>(filled);
}

void Connection::OnHeader(int32_t id, std::string_view name, std::string_view value) {
  const auto call = calls_.find(id);
  if (call == calls_.end()) return;
  if (name == ":status") ++tally_.headers;
  if (name == ":status" && value != "200") call->second.ok_so_far = false;
  if (name == "grpc-status") call->second.status = std::atoi(std::string(value).c_str());
}

void Connection::OnData(int32_t id, std::string_view bytes) {
  tally_.received_bytes += bytes.size();
  const auto found = calls_.find(id);
  if (found == calls_.end() || !plan_.check_echo) return;
  Call& call = found->second;
  const std::string& message = plan_.message;
  while (!bytes.empty()) {
    const size_t at = call.received % message.size();
    const size_t part = std::min(message.size() - at, bytes.size());
    if (std::memcmp(bytes.data(), message.data() + at, part) != 0) call.ok_so_far = false;
    bytes.remove_prefix(part);
    call.received += part;
    if (plan_.stream && at + part == message.size()) SendMore(id, call, NowNs());
  }
}

// A message has come back whole on a stream.
void Connection::SendMore(int32_t id, Call& call, uint64_t now_ns) {
  tally_.Answer(call.since_ns.front());
  call.since_ns.pop_front();
  if (call.ending) return;
  call.since_ns.push_back(now_ns);
  call.to_send += plan_.message.size();
  nghttp2_session_resume_data(h2_, id);
}

void Connection::OnClose(int32_t id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const Call& call = found->second;
  const bool whole = call.ok_so_far && call.received == call.to_send;
  if (call.status == 0 && plan_.check_echo && !whole) ++tally_.wrong;
  tally_.Count(call.status);
  if (!plan_.stream) tally_.Answer(call.since_ns.front());
  calls_.erase(found);
  if (plan_.closed_loop) Start(NowNs());
}

bool Connection::Receive(size_t most) {
  static std::array<uint8_t, 256 * 1024> buffer;
  const ssize_t got = ::recv(fd_, buffer.data(), std::min(most, buffer.size()), 0);
  if (got < 0 && errno == EAGAIN) return true;
  if (got > 0 && nghttp2_session_mem_recv(h2_, buffer.data(), static_cast<size_t>(got)) >= 0) return true;
  for (size_t i = 0; i < calls_.size(); ++i) tally_.Count(Tally::kLost);
  return false;
}

bool Connection::Flush() {
  constexpr size_t kEnough = 256 * 1024;
  for (;;) {
    const uint8_t* bytes = nullptr;
    ssize_t size = 0;
    while (out_.size() < kEnough && (size = nghttp2_session_mem_send(h2_, &bytes)) > 0) {
      out_.append(Text(bytes, static_cast<size_t>(size)));
    }
    if (out_.empty()) return true;
    const ssize_t put = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (put < 0) return errno == EAGAIN;
    out_.erase(0, static_cast<size_t>(put));
    if (!out_.empty()) return true;
  }
}

}  // namespace myelin::bench
