// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/worker.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "guard/threads.h"
#include "pump/frame/up_connection.h"

namespace myelin::frame {
namespace {

constexpr size_t kReadBytes = 256 * 1024;
constexpr int kEventsPerTurn = 256;
constexpr uint64_t kNsPerMs = 1'000'000;
constexpr size_t kMaxLingering = 1'000;

}  // namespace

FrameWorker::FrameWorker(uint32_t index, ControlThread& control, Logger& log, const HostLimits& limits, Clock clock)
    : context_(index, control, log),
      clock_(clock),
      limits_(limits),
      protocol_(limits),
      connector_(std::make_unique<UpConnector>(*this)),
      read_buffer_(kReadBytes),
      bytes_(limits),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (epoll_ < 0 || wake_ < 0) throw std::system_error(errno, std::generic_category(), "a worker's epoll");
  context_.connector = connector_.get();
  Watch(wake_, EPOLLIN, *this, true);
}

FrameWorker::~FrameWorker() {
  Stop();
  lingering_.clear_and_dispose([](LingeringClose* what) { delete what; });
  ::close(wake_);
  ::close(epoll_);
}

void FrameWorker::Post(std::function<void()> task) {
  bool first = false;
  {
    std::lock_guard lock(tasks_mutex_);
    if (ended_) return;
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
    GuardThisThread(name, true, [this] { return CutOff(); });
    Loop();
  });
}

// The kernel knows which descriptors the stuck thread watches; what it has in memory may not be touched.
bool FrameWorker::CutOff() {
  if (cut_off_.exchange(true)) return true;  // once more, while it comes back
  std::ifstream watched("/proc/self/fdinfo/" + std::to_string(epoll_));
  for (std::string line; std::getline(watched, line);) {
    int fd = -1, listens = 0, domain = 0;
    socklen_t size = sizeof(int);
    if (std::sscanf(line.c_str(), "tfd: %d", &fd) != 1) continue;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0) continue;  // no socket
    ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    if (listens != 0 && domain == AF_UNIX) continue;  // all workers have this one
    ::shutdown(fd, SHUT_RDWR);
  }
  return told_of_cut_off_ && told_of_cut_off_();
}

void FrameWorker::Retire() {
  Post([this] {
    shards_.Close();
    came_back_ = true;
  });
}

void FrameWorker::AddShard(ProxyShard& shard) {
  if (!thread_.joinable()) return shards_.Add(shard);
  Post([this, &shard] { shards_.Add(shard); });
}

void FrameWorker::RemoveShard(ProxyShard& shard, std::function<void(bool removed)> done) {
  Post([this, &shard, done = std::move(done)] { done(shards_.Remove(shard)); });
}

void FrameWorker::Stop() {
  if (!thread_.joinable()) return;
  Post([this] { stopping_ = true; });
  thread_.join();
  std::vector<std::function<void()>> never_run;  // and end outside of the lock, for what they hold may post in turn
  std::lock_guard lock(tasks_mutex_);
  ended_ = true;
  never_run.swap(tasks_);
}

void FrameWorker::Loop() {
  context_.now_ns = clock_();
  while (!stopping_) Turn(true);
  shards_.Close();
  EndTurn();
}

void FrameWorker::Turn(bool wait) {
  WaitAndDispatch(wait);
  context_.timers.Advance(context_.now_ns);
  EndTurn();
}

void FrameWorker::WaitAndDispatch(bool wait) {
  std::array<epoll_event, kEventsPerTurn> events;
  const uint64_t due = context_.timers.NextDue();
  const uint64_t now = clock_();
  int timeout_ms = wait ? -1 : 0;
  if (wait && due != TimerWheel::kNever) {
    timeout_ms = due <= now ? 0 : static_cast<int>(std::min<uint64_t>((due - now + kNsPerMs - 1) / kNsPerMs, 60'000));
  }
  const int count = ::epoll_wait(epoll_, events.data(), kEventsPerTurn, timeout_ms);
  context_.now_ns = clock_();
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
  shards_.FlushResults();
  disposed_.clear_and_dispose([](Disposable* what) { delete what; });
}

void FrameWorker::Watch(int fd, uint32_t events, Pollable& what, bool first) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &what;
  ::epoll_ctl(epoll_, first ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}

void FrameWorker::Unwatch(int fd) { ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

void FrameWorker::Linger(int fd, bool watched) {
  if (lingering_.size() >= kMaxLingering) {
    ::close(fd);
    return;
  }
  lingering_.push_back(*new LingeringClose(*this, fd, watched));
}

void FrameWorker::EndLinger(LingeringClose& what) {
  lingering_.erase(lingering_.iterator_to(what));
  Dispose(what);
}

}  // namespace myelin::frame
