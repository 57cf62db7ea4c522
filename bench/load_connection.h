// SPDX-License-Identifier: Apache-2.0
//
// One connection of the load: a client over nghttp2 that makes calls and checks every reply, its grpc-status and each
// byte of the echo. What it finds goes into a Tally that all connections share. One thread.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace myelin::bench {

uint64_t NowNs();

/// What each call does.
struct Plan {
  bool stream = false;      // many messages on one call; else one message, and then the end
  bool closed_loop = true;  // what ends is followed by another
  bool check_echo = true;
  std::string message;     // with its prefix of five bytes
  uint32_t in_flight = 1;  // messages sent and not yet echoed, on each stream
};

/// What came of it: a message for a stream, a call otherwise.
struct Tally {
  static constexpr int kReset = -1, kLost = -2;  // beside the numbers of grpc-status
  bool measuring = false;
  uint64_t answered = 0, headers = 0, settled = 0, received_bytes = 0;
  uint64_t wrong = 0;  // OK, but with another message
  std::map<int, uint64_t> statuses;
  std::vector<uint64_t> latencies_ns;

  void Count(int status);
  void Answer(uint64_t since_ns);
};

class Connection {
 public:
  Connection(const Plan& plan, Tally& tally, uint16_t port);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// `since_ns` is when it should have begun, from where its latency counts.
  void Start(uint64_t since_ns);
  void EndStreams();
  /// False when the connection is lost.
  bool Receive(size_t most = 256 * 1024);
  bool Flush();
  int fd() const { return fd_; }
  bool blocked() const { return !out_.empty(); }
  size_t open() const { return calls_.size(); }

 private:
  struct Call {
    std::deque<uint64_t> since_ns;  // of messages not yet echoed
    uint64_t sent = 0, to_send = 0, received = 0;
    int status = Tally::kReset;
    bool ok_so_far = true, ending = false;
  };

  static const nghttp2_session_callbacks* Callbacks();
  static ssize_t Read(nghttp2_session*, int32_t id, uint8_t* buffer, size_t room, uint32_t* flags,
                      nghttp2_data_source* source, void* self);
  void OnHeader(int32_t id, std::string_view name, std::string_view value);
  void OnData(int32_t id, std::string_view bytes);
  void OnClose(int32_t id);
  void SendMore(int32_t id, Call& call, uint64_t since_ns);

  const Plan& plan_;
  Tally& tally_;
  const int fd_;
  nghttp2_session* h2_ = nullptr;
  std::map<int32_t, Call> calls_;
  std::string out_;
};

}  // namespace myelin::bench
