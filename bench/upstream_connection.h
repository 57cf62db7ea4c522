// SPDX-License-Identifier: Apache-2.0
//
// One connection of the upstream: just enough HTTP/2 to be cheap, frames and flow control, written by hand. It reads no
// header and answers every stream, as `answering` says. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace myelin::bench {

/// How streams are answered; see upstream.cc.
struct Answering {
  bool at_once = false;
  uint64_t pour = 0;  // messages
};

/// Replies in HPACK: `:status: 200`, `content-type: application/grpc`; then `grpc-status: 0`. What a connection's first
/// reply puts into the dynamic table later ones refer to, as servers do; a peer without a table gets literals.
class Replies {
 public:
  std::string_view Headers();
  std::string_view Trailers();
  void SetTableSize(uint32_t size) { table_ = size >= 4096; }

 private:
  bool table_ = true;
  bool type_known_ = false;
  bool status_known_ = false;
};

class Connection {
 public:
  Connection(int fd, const Answering& answering);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Does what there is to do after these events of epoll. False when the connection has ended.
  bool Serve(uint32_t events);
  bool wants_to_write() const { return !out_.empty(); }

 private:
  struct Stream {
    std::string body;
    int64_t window = 0;
    size_t sent = 0;
    uint64_t to_pour = 0;
    bool begun = false;    // its headers have been answered
    bool ended = false;    // the request has
    bool blocked = false;  // waits for a window, or for room in the output
  };

  bool Receive();
  bool Send();
  void OnFrame(uint8_t type, uint8_t flags, uint32_t id, std::string_view payload);
  void OnSettings(std::string_view payload);
  void OnWindow(uint32_t id, uint32_t more);
  void OnData(uint8_t flags, uint32_t id, std::string_view payload);
  void OnHeaders(uint32_t id, bool ended);
  void Go(uint32_t id, Stream& stream, bool ended);
  // Sends what the windows let pass; true when that was all.
  bool Answer(uint32_t id, Stream& stream);
  // False when there is nothing to send now.
  static bool Refill(Stream& stream);
  void AnswerBlocked();
  void Grant(uint32_t more);
  void AddFrame(uint8_t type, uint8_t flags, uint32_t id, std::string_view payload);

  const int fd_;
  const Answering& answering_;
  bool greeted_ = false;
  std::string in_, out_;
  Replies replies_;
  std::unordered_map<uint32_t, Stream> streams_;
  std::vector<uint32_t> blocked_;
  int64_t window_ = 65'535;
  int64_t initial_window_ = 65'535;
  uint32_t received_ = 0;  // since the last grant
};

}  // namespace myelin::bench
