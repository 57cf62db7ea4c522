// SPDX-License-Identifier: Apache-2.0
//
// A worker of the frame pump: one thread, one epoll, the connections of both sides and everything on them. A turn of
// its loop reads what is there, runs what was posted, fires timers, and then flushes every connection that has
// something to say, each with one gathered write.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "base/abuse.h"
#include "base/limits.h"
#include "base/log_limit.h"
#include "base/stats.h"
#include "pump/frame/buffer.h"
#include "pump/frame/byte_account.h"
#include "pump/frame/lingering_close.h"
#include "pump/frame/session.h"
#include "pump/frame/session_callbacks.h"
#include "pump/frame/small_memory.h"
#include "pump/frame/taker.h"
#include "pump/pump.h"
#include "pump/shard_list.h"

namespace myelin::frame {

class FrameWorker final : public Worker, private Pollable {
 public:
  using Clock = uint64_t (*)();  // monotonic, in ns

  FrameWorker(uint32_t index, ControlThread& control, Logger& log, const HostLimits& limits,
              Clock clock = MonotonicNow);
  ~FrameWorker() override;
  FrameWorker(const FrameWorker&) = delete;
  FrameWorker& operator=(const FrameWorker&) = delete;

  WorkerContext& context() override { return context_; }
  void Post(std::function<void()> task) override;
  void AddShard(ProxyShard& shard) override;
  void RemoveShard(ProxyShard& shard, std::function<void(bool removed)> done) override;

  /// [control], before Start. What the watchdog asks when the thread hangs: whether another will take its place.
  void OnCutOff(std::function<bool()> told) { told_of_cut_off_ = std::move(told); }
  /// [any] Whether the watchdog has taken from it what it serves.
  bool cut_off() const { return cut_off_; }
  /// [control] Once another has its place: ends what its shards hold as soon as its thread comes back.
  void Retire();
  /// [control] Whether its thread can be joined, and what it uses be freed.
  bool MayEnd() const { return !cut_off_ || came_back_; }

  /// [control]
  void Start();
  /// [control] Closes what the shards hold and ends the thread. No listener is left.
  void Stop();
  /// One turn of the loop; for tests too, on a worker that is not started. With `wait` it begins when there is
  /// something to do.
  void Turn(bool wait);

  BufferPool& buffers() { return buffers_; }
  std::span<uint8_t> read_buffer() { return read_buffer_; }
  const Protocol& protocol() const { return protocol_; }
  /// What sessions take their memory from.
  nghttp2_mem* memory() { return memory_.nghttp2(); }
  const HostLimits& limits() const { return limits_; }

  /// What is held for others, over all connections.
  ByteAccount& bytes() { return bytes_; }
  void Hold(size_t bytes);
  void LetGo(size_t bytes);
  /// Its connection's window is not given back for now.
  void AddWithheld(Session& session) { withheld_.push_back(session); }
  void AddTaker(Taker& taker) { takers_.push_back(taker); }

  /// `first`: it is not watched yet.
  void Watch(int fd, uint32_t events, Pollable& what, bool first);
  void Unwatch(int fd);
  void FlushLater(Session& session) { dirty_.push_back(session); }
  /// Closes `fd`, on which all has been said, when the peer does; `watched` tells whether epoll has it.
  void Linger(int fd, bool watched);
  void EndLinger(LingeringClose& what);
  /// Deletes it when the turn is over.
  void Dispose(Disposable& what) { disposed_.push_back(what); }
  void CountAbuse(AbuseKind kind, std::string_view peer);
  /// [any]
  void AddStats(HostStats& stats) const;

 private:
  /// [watchdog] The thread hangs: ends its connections and its own listening sockets from outside, so that clients
  /// are told and the other workers get what comes. Answers whether one more will.
  bool CutOff();
  void OnEvents(uint32_t events) override;
  void Loop();
  void WaitAndDispatch(bool wait);
  void EndTurn();
  void Relieve();

  WorkerContext context_;
  const Clock clock_;
  const HostLimits limits_;
  BufferPool buffers_;
  SmallMemory memory_;
  Protocol protocol_;
  std::unique_ptr<Connector> connector_;
  std::vector<uint8_t> read_buffer_;
  ShardList shards_;
  boost::intrusive::list<Session, boost::intrusive::base_hook<DirtyHook>, boost::intrusive::constant_time_size<false>>
      dirty_;
  boost::intrusive::list<LingeringClose, boost::intrusive::base_hook<LingeringHook>> lingering_;
  boost::intrusive::list<Disposable> disposed_;
  boost::intrusive::list<Session, boost::intrusive::base_hook<WithheldHook>,
                         boost::intrusive::constant_time_size<false>>
      withheld_;
  TakerList takers_;
  ByteAccount bytes_;
  std::array<Counter, kAbuseNames.size()> abuse_;
  LogLimit abuse_limit_;
  Timer relief_timer_{[](void* self) { static_cast<FrameWorker*>(self)->Relieve(); }, this};
  int epoll_ = -1;
  int wake_ = -1;
  bool stopping_ = false;
  std::function<bool()> told_of_cut_off_;
  std::atomic<bool> cut_off_{false};
  std::atomic<bool> came_back_{false};

  std::mutex tasks_mutex_;
  bool ended_ = false;  // and runs no task any more
  std::vector<std::function<void()>> tasks_;
  std::thread thread_;
};

}  // namespace myelin::frame
