// SPDX-License-Identifier: Apache-2.0
//
// The frame pump at work in one thread, with both its peers in the fuzzer's hands: a worker whose turns and clock the
// fuzzer drives, a client's socket, and the sockets of the connections that the pump opens. Made anew for each input.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "call/proxy_shard.h"
#include "fuzz/output_check.h"
#include "pump/frame/entrance.h"
#include "pump/frame/worker.h"

namespace myelin::frame::fuzz {

/// The other end of one of the pump's connections.
class PeerSocket {
 public:
  PeerSocket(int fd, bool is_client) : fd_(fd), check_(is_client) {}
  ~PeerSocket() { Close(); }
  PeerSocket(const PeerSocket&) = delete;
  PeerSocket& operator=(const PeerSocket&) = delete;

  /// What does not fit into the socket is lost.
  void Send(std::string_view bytes);
  /// Checks what has come.
  void Read();
  void Stall(bool stalled) { stalled_ = stalled; }
  void Close();

 private:
  int fd_;
  bool stalled_ = false;
  OutputCheck check_;
};

class RelayWorld {
 public:
  RelayWorld();
  ~RelayWorld();

  /// One turn of the worker; then takes in what the peers have got.
  void Turn();
  void Pass(uint64_t ns);
  /// A new connection of the client's; the old one is closed.
  void Connect();
  PeerSocket& client() { return *client_; }
  /// The newest connection that the pump has opened, or nullptr.
  PeerSocket* upstream() { return upstreams_.empty() ? nullptr : upstreams_.back().get(); }
  /// The settings that an upstream begins with; "": it says nothing.
  void SetUpstreamGreeting(std::string greeting) { greeting_ = std::move(greeting); }
  void Drain();

 private:
  void MakeShard();
  void Accept();
  uint64_t InFlight() const;

  std::optional<FrameWorker> worker_;
  ConnectionCounts connections_;
  std::optional<Entrance> entrance_;
  ProxyParts parts_;
  std::optional<ProxyCounters> counters_;
  std::optional<ProxyShard> shard_;
  std::unique_ptr<PeerSocket> client_;
  std::vector<std::unique_ptr<PeerSocket>> upstreams_;
  std::string greeting_;
};

}  // namespace myelin::frame::fuzz
