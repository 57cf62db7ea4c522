// SPDX-License-Identifier: Apache-2.0
//
// A worker of the frame pump: one thread, one epoll, the connections of both sides and everything on them. A turn of
// its loop reads what is there, runs what was posted, fires timers, and then flushes every connection that has
// something to say, each with one gathered write.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log_limit.h"
#include "pump/frame/buffer.h"
#include "pump/frame/session.h"
#include "pump/frame/session_callbacks.h"
#include "pump/pump.h"

namespace myelin::frame {

class Resolver;

class FrameWorker final : public Worker, private Pollable {
 public:
  FrameWorker(uint32_t index, ControlThread& control, Logger& log, Resolver& resolver);
  ~FrameWorker() override;
  FrameWorker(const FrameWorker&) = delete;
  FrameWorker& operator=(const FrameWorker&) = delete;

  WorkerContext& context() override { return context_; }
  void Post(std::function<void()> task) override;
  void AddShard(ProxyShard& shard) override { shards_.push_back(&shard); }

  /// [control]
  void Start();
  /// [control] Closes what the shards hold and ends the thread. No listener is left.
  void Stop();

  BufferPool& buffers() { return buffers_; }
  std::span<uint8_t> read_buffer() { return read_buffer_; }
  const Protocol& protocol() const { return protocol_; }
  Resolver& resolver() { return resolver_; }

  /// `first`: it is not watched yet.
  void Watch(int fd, uint32_t events, Pollable& what, bool first);
  void Unwatch(int fd);
  void FlushLater(Session& session) { dirty_.push_back(session); }
  /// Deletes it when the turn is over.
  void Dispose(Disposable& what) { disposed_.push_back(what); }
  void LogAbuse(std::string_view what, std::string_view peer = {});

 private:
  void OnEvents(uint32_t events) override;
  void Loop();
  void WaitAndDispatch();
  void EndTurn();

  WorkerContext context_;
  Resolver& resolver_;
  BufferPool buffers_;
  Protocol protocol_;
  std::unique_ptr<Connector> connector_;
  std::vector<uint8_t> read_buffer_;
  std::vector<ProxyShard*> shards_;
  boost::intrusive::list<Session, boost::intrusive::base_hook<DirtyHook>, boost::intrusive::constant_time_size<false>>
      dirty_;
  boost::intrusive::list<Disposable> disposed_;
  LogLimit abuse_limit_;
  int epoll_ = -1;
  int wake_ = -1;
  bool stopping_ = false;

  std::mutex tasks_mutex_;
  std::vector<std::function<void()>> tasks_;
  std::thread thread_;
};

}  // namespace myelin::frame
