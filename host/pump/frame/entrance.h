// SPDX-License-Identifier: Apache-2.0
//
// One worker's part of a listener: its listening sockets and the connections that came in by them. Owned by the
// listener; between Start and Close it belongs to the worker.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "base/limits.h"
#include "base/log_limit.h"
#include "pump/frame/down_connection.h"

namespace myelin::frame {

/// The connections of a listener, over all its entrances.
struct ConnectionCounts {
  std::atomic<uint64_t> open{0};
  std::atomic<uint64_t> accepted{0};
  std::atomic<uint64_t> refused{0};
};

class Entrance {
 public:
  Entrance(FrameWorker& worker, const ProxyLimits& limits, ConnectionCounts& counts)
      : worker_(worker), limits_(limits), counts_(counts) {}
  ~Entrance();
  Entrance(const Entrance&) = delete;
  Entrance& operator=(const Entrance&) = delete;

  /// [control], before Start. Takes over `fd` unless others share it.
  void AddSocket(int fd, bool shared);
  void Start(ProxyShard& entry);

  /// Takes no new connections, tells the clients to go, and cuts at `deadline_ns` what is left. `empty` is called when
  /// there is no connection any more.
  void Drain(uint64_t deadline_ns, std::function<void()> empty);
  /// Drops everything at once.
  void Close();

  /// [any]
  uint64_t connections() const { return connection_count_.Get(); }

  ProxyShard& entry() { return *entry_; }
  const ProxyLimits& limits() const { return limits_; }
  void Remove(DownConnection& connection);

 private:
  struct Acceptor final : Pollable {
    Acceptor(Entrance& owner, int socket, bool is_shared) : entrance(owner), fd(socket), shared(is_shared) {}
    void OnEvents(uint32_t) override { entrance.Accept(*this); }
    Entrance& entrance;
    int fd;
    bool shared;
  };

  void Accept(Acceptor& acceptor);
  bool Admit();
  void CloseSockets();
  void Pause();
  void OnDeadline();
  void OnPauseOver();

  FrameWorker& worker_;
  const ProxyLimits limits_;
  ConnectionCounts& counts_;
  ProxyShard* entry_ = nullptr;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  boost::intrusive::list<DownConnection, boost::intrusive::base_hook<EntranceHook>> connections_;
  Counter connection_count_;
  std::function<void()> empty_;
  LogLimit refused_limit_;
  bool cut_ = false;
  Timer deadline_timer_{[](void* self) { static_cast<Entrance*>(self)->OnDeadline(); }, this};
  Timer pause_timer_{[](void* self) { static_cast<Entrance*>(self)->OnPauseOver(); }, this};
};

}  // namespace myelin::frame
