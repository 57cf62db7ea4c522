// SPDX-License-Identifier: Apache-2.0
#include "pump/generic/worker.h"

#include <grpc/support/time.h>
#include <pthread.h>

#include <string>
#include <utility>

#include "guard/threads.h"
#include "pump/generic/connection.h"
#include "pump/generic/relay.h"
#include "pump/generic/timespec.h"

namespace myelin::generic {
namespace {

// So many calls can arrive at once without waiting for the worker to ask for the next.
constexpr int kAcceptsAhead = 16;
// A turn ends after so many events even if more are there, so that nothing held back starves.
constexpr int kMaxTurn = 1024;

gpr_timespec ToTimespec(uint64_t due_ns) {
  return due_ns == TimerWheel::kNever ? gpr_inf_future(GPR_CLOCK_MONOTONIC) : FromMonotonic(due_ns);
}

}  // namespace

GenericWorker::GenericWorker(uint32_t index, ControlThread& control, Logger& log,
                             std::unique_ptr<grpc::ServerCompletionQueue> queue)
    : context_(index, control, log), connector_(std::make_unique<ChannelConnector>(*this)), queue_(std::move(queue)) {
  context_.connector = connector_.get();
}

GenericWorker::~GenericWorker() { Stop(); }

void GenericWorker::Post(std::function<void()> task) {
  std::lock_guard lock(tasks_mutex_);
  tasks_.push_back(std::move(task));
  if (alarm_set_) return;
  alarm_set_ = true;
  alarm_.Set(queue_.get(), gpr_time_0(GPR_CLOCK_MONOTONIC), static_cast<Event*>(&tasks_event_));
}

void GenericWorker::RunTasks(bool) {
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(tasks_mutex_);
    tasks.swap(tasks_);
    alarm_set_ = false;
  }
  for (const auto& task : tasks) task();
}

void GenericWorker::Start(grpc::AsyncGenericService& service, ProxyShard& entry) {
  service_ = &service;
  entry_ = &entry;
  thread_ = std::thread([this] {
    const std::string name = "worker-" + std::to_string(context_.index);
    pthread_setname_np(pthread_self(), name.c_str());
    GuardThisThread(name, true);
    Loop();
  });
}

void GenericWorker::AddShard(ProxyShard& shard) {
  if (!thread_.joinable()) return shards_.Add(shard);
  Post([this, &shard] { shards_.Add(shard); });
}

void GenericWorker::RemoveShard(ProxyShard& shard, std::function<void(bool removed)> done) {
  Post([this, &shard, done = std::move(done)] { done(shards_.Remove(shard)); });
}

void GenericWorker::Stop() {
  if (!thread_.joinable()) {
    if (queue_) {  // it never ran
      queue_->Shutdown();
      void* tag = nullptr;
      bool ok = false;
      while (queue_->Next(&tag, &ok)) {
      }
      queue_.reset();
    }
    return;
  }
  Post([this] { phase_ = Phase::kStopping; });
  thread_.join();
  queue_.reset();
}

void GenericWorker::Accept() {
  if (phase_ == Phase::kServing) (new Relay(*this))->Accept(*service_);
}

void GenericWorker::Loop() {
  context_.now_ns = MonotonicNow();
  entry_->Start();
  for (int i = 0; i < kAcceptsAhead; ++i) Accept();
  bool shut_down = false;
  int events = 0;
  while (!shut_down) {
    void* tag = nullptr;
    bool ok = false;
    const bool got = NextEvent(&tag, &ok, &shut_down);
    context_.now_ns = MonotonicNow();
    if (got) {
      static_cast<Event*>(tag)->Complete(ok);
      results_pending_ = true;
    }
    if (!got || ++events >= kMaxTurn) {
      EndTurn();
      events = 0;
    }
    context_.timers.Advance(context_.now_ns);
    if (phase_ == Phase::kStopping && calls_ == 0) AdvanceStop();
  }
}

// Calls hold streams on connections, so connections close after the last of them; their operations end soon after.
void GenericWorker::AdvanceStop() {
  shards_.Close();
  if (connections_ > 0) return;
  phase_ = Phase::kClosed;
  queue_->Shutdown();
}

// While something is held back for the end of the turn, looks only at what is there already.
bool GenericWorker::NextEvent(void** tag, bool* ok, bool* shut_down) {
  const bool hurry = results_pending_ || !flushables_.empty();
  const gpr_timespec deadline = hurry ? gpr_time_0(GPR_CLOCK_MONOTONIC) : ToTimespec(context_.timers.NextDue());
  const auto status = queue_->AsyncNext(tag, ok, deadline);
  *shut_down = status == grpc::CompletionQueue::SHUTDOWN;
  return status == grpc::CompletionQueue::GOT_EVENT;
}

void GenericWorker::EndTurn() {
  while (!flushables_.empty()) {
    Flushable& item = flushables_.front();
    flushables_.pop_front();
    item.Flush();
  }
  if (!results_pending_) return;
  results_pending_ = false;
  shards_.FlushResults();
}

}  // namespace myelin::generic
