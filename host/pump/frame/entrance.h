// SPDX-License-Identifier: Apache-2.0
//
// One worker's part of a listener: its listening sockets and the connections that came in by them. Owned by the
// listener; between Start and Close it belongs to the worker.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "pump/frame/down_connection.h"

namespace myelin::frame {

class Entrance {
 public:
  explicit Entrance(FrameWorker& worker) : worker_(worker) {}
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

  ProxyShard& entry() { return *entry_; }
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
  void CloseSockets();
  void Pause();
  void OnDeadline();
  void OnPauseOver();

  FrameWorker& worker_;
  ProxyShard* entry_ = nullptr;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  boost::intrusive::list<DownConnection, boost::intrusive::base_hook<EntranceHook>> connections_;
  std::function<void()> empty_;
  bool cut_ = false;
  Timer deadline_timer_{[](void* self) { static_cast<Entrance*>(self)->OnDeadline(); }, this};
  Timer pause_timer_{[](void* self) { static_cast<Entrance*>(self)->OnPauseOver(); }, this};
};

}  // namespace myelin::frame
