// SPDX-License-Identifier: Apache-2.0
//
// A worker of the generic pump: one thread, one completion queue for both sides of its calls. What waits only for the
// turn to end (headers or a message that may still be sent together with what follows) is flushed when the queue is
// empty.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/async_generic_service.h>

#include <boost/intrusive/list.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "pump/generic/event.h"
#include "pump/pump.h"
#include "pump/shard_list.h"

namespace myelin::generic {

/// Something to flush at the end of the turn. Unlinks itself when destroyed.
class Flushable : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  virtual void Flush() = 0;

 protected:
  ~Flushable() = default;
};

class GenericWorker final : public Worker {
 public:
  GenericWorker(uint32_t index, ControlThread& control, Logger& log,
                std::unique_ptr<grpc::ServerCompletionQueue> queue);
  ~GenericWorker() override;

  WorkerContext& context() override { return context_; }
  void Post(std::function<void()> task) override;
  void AddShard(ProxyShard& shard) override;
  void RemoveShard(ProxyShard& shard, std::function<void(bool removed)> done) override;

  /// [control] Starts the thread; calls of `service` come in at `entry`.
  void Start(grpc::AsyncGenericService& service, ProxyShard& entry);
  /// [control] Closes connections, waits for what is outstanding, ends the thread. The server must have shut down.
  void Stop();

  grpc::ServerCompletionQueue* queue() { return queue_.get(); }
  ProxyShard& entry() { return *entry_; }

  /// Asks for one more call, unless the server is shutting down.
  void Accept();
  /// Flushes `item` at the end of this turn.
  void FlushLater(Flushable& item) {
    if (!item.is_linked()) flushables_.push_back(item);
  }
  /// The queue stays open until there is neither a call nor a connection; connections are closed after the last call.
  void AddCall() { ++calls_; }
  void RemoveCall() { --calls_; }
  void AddConnection() { ++connections_; }
  void RemoveConnection() { --connections_; }

 private:
  void Loop();
  bool NextEvent(void** tag, bool* ok, bool* shut_down);
  void EndTurn();
  void AdvanceStop();
  void RunTasks(bool ok);

  WorkerContext context_;
  std::unique_ptr<Connector> connector_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  grpc::AsyncGenericService* service_ = nullptr;
  ProxyShard* entry_ = nullptr;
  ShardList shards_;
  boost::intrusive::list<Flushable, boost::intrusive::constant_time_size<false>> flushables_;
  bool results_pending_ = false;
  uint64_t calls_ = 0;
  uint64_t connections_ = 0;
  enum class Phase { kServing, kStopping, kClosed } phase_ = Phase::kServing;

  std::mutex tasks_mutex_;
  std::vector<std::function<void()>> tasks_;
  bool alarm_set_ = false;  // under tasks_mutex_
  grpc::Alarm alarm_;
  MemberEvent<GenericWorker, &GenericWorker::RunTasks> tasks_event_{this};

  std::thread thread_;
};

}  // namespace myelin::generic
