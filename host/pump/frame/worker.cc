// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/worker.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <system_error>
#include <utility>

#include "pump/frame/up_connection.h"

namespace myelin::frame {
namespace {

constexpr size_t kReadBytes = 256 * 1024;
constexpr int kEventsPerTurn = 256;
constexpr uint64_t kNsPerMs = 1'000'000;

}  // namespace

FrameWorker::FrameWorker(uint32_t index, ControlThread& control, Logger& log, Resolver& resolver)
    : context_(index, control, log),
      resolver_(resolver),
      connector_(std::make_unique<UpConnector>(*this)),
      read_buffer_(kReadBytes),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (epoll_ < 0 || wake_ < 0) throw std::system_error(errno, std::generic_category(), "a worker's epoll");
  context_.connector = connector_.get();
  Watch(wake_, EPOLLIN, *this, true);
}

FrameWorker::~FrameWorker() {
  Stop();
  ::close(wake_);
  ::close(epoll_);
}

void FrameWorker::Post(std::function<void()> task) {
  bool first = false;
  {
    std::lock_guard lock(tasks_mutex_);
    first = tasks_.empty();
    tasks_.push_back(std::move(task));
  }
  const uint64_t one = 1;
  if (first && ::write(wake_, &one, sizeof(one)) < 0) return;  // full: it is awake anyway
}

void FrameWorker::OnEvents(uint32_t) {
  uint64_t count = 0;
  if (::read(wake_, &count, sizeof(count)) < 0) return;
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(tasks_mutex_);
    tasks.swap(tasks_);
  }
  for (const auto& task : tasks) task();
}

void FrameWorker::Start() {
  thread_ = std::thread([this] {
    const std::string name = "worker-" + std::to_string(context_.index);
    pthread_setname_np(pthread_self(), name.c_str());
    Loop();
  });
}

void FrameWorker::Stop() {
  if (!thread_.joinable()) return;
  Post([this] { stopping_ = true; });
  thread_.join();
}

void FrameWorker::Loop() {
  context_.now_ns = MonotonicNow();
  while (!stopping_) {
    WaitAndDispatch();
    context_.timers.Advance(context_.now_ns);
    EndTurn();
  }
  for (ProxyShard* shard : shards_) shard->Close();
  EndTurn();
}

void FrameWorker::WaitAndDispatch() {
  std::array<epoll_event, kEventsPerTurn> events;
  const uint64_t due = context_.timers.NextDue();
  const uint64_t now = MonotonicNow();
  int timeout_ms = -1;
  if (due != TimerWheel::kNever) {
    timeout_ms = due <= now ? 0 : static_cast<int>(std::min<uint64_t>((due - now + kNsPerMs - 1) / kNsPerMs, 60'000));
  }
  const int count = ::epoll_wait(epoll_, events.data(), kEventsPerTurn, timeout_ms);
  context_.now_ns = MonotonicNow();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    static_cast<Pollable*>(event.data.ptr)->OnEvents(event.events);
  }
}

// Flushing one connection credits another, which then has something to say as well.
void FrameWorker::EndTurn() {
  while (!dirty_.empty()) {
    Session& session = dirty_.front();
    dirty_.pop_front();
    session.Flush();
  }
  for (ProxyShard* shard : shards_) shard->FlushResults();
  disposed_.clear_and_dispose([](Disposable* what) { delete what; });
}

void FrameWorker::Watch(int fd, uint32_t events, Pollable& what, bool first) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &what;
  ::epoll_ctl(epoll_, first ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}

void FrameWorker::Unwatch(int fd) { ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

void FrameWorker::LogAbuse(std::string_view what, std::string_view peer) {
  std::string message = "a peer is told to calm down: " + std::string(what);
  if (!peer.empty()) message += " from " + std::string(peer);
  abuse_limit_.Write(context_.log, LogLevel::kWarning, "pump", message);
}

}  // namespace myelin::frame
