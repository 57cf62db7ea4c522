// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/listener.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/clock.h"
#include "base/diagnostics.h"
#include "pump/bind_check.h"

namespace myelin::frame {
namespace {

// Lets one thread wait until so many things have happened on others. Shared with those, which may be late.
class Countdown {
 public:
  explicit Countdown(size_t count) : left_(count) {}
  void Tick() {
    std::lock_guard lock(mutex_);
    if (--left_ == 0) done_.notify_all();
  }
  void WaitUntil(uint64_t until_ns) {
    std::unique_lock lock(mutex_);
    const uint64_t now = MonotonicNow();
    const std::chrono::nanoseconds left(until_ns > now ? until_ns - now : 0);
    done_.wait_for(lock, left, [this] { return left_ == 0; });
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  size_t left_;
};

}  // namespace

FrameListener::FrameListener(const ListenOptions& options, std::vector<FrameWorker*> workers,
                             std::function<void()> start, std::function<void()> stop)
    : workers_(std::move(workers)),
      borrowed_(workers_.begin(), workers_.end()),
      limits_(options.limits),
      start_(std::move(start)),
      stop_(std::move(stop)) {
  for (FrameWorker* worker : workers_) {
    entrances_.push_back(std::make_unique<Entrance>(*worker, options.limits, counts_));
  }
  for (const std::string& address : options.addresses) Bind(address);
}

FrameListener::~FrameListener() {
  Stop();
  for (const int fd : shared_sockets_) ::close(fd);
  for (std::unique_ptr<Entrance>& entrance : cut_off_) static_cast<void>(entrance.release());  // see Replace
}

int FrameListener::Open(const std::string& address, const std::string& bound_to) {
  std::string why;
  const std::vector<SocketAddress> found = Resolve(SplitAddress(bound_to), false, true, why);
  const int fd = found.empty() ? -1 : ListenOn(found.front(), why);
  if (fd < 0) throw StartupError(Origin{}, "cannot listen on " + address + ": " + why);
  return fd;
}

// The first worker's socket takes the port; that it is nobody else's is asked before, for sharing hides it.
void FrameListener::Bind(const std::string& address) {
  if (address.starts_with("unix:")) {
    BindUnix(address);
    return;
  }
  const std::string why = WhyNotBindable(address);
  if (!why.empty()) throw StartupError(Origin{}, "cannot listen on " + address + ": " + why);
  const std::string host = address.substr(0, address.rfind(':'));
  std::string bound = address;
  for (const auto& entrance : entrances_) {
    const int fd = Open(address, bound);
    entrance->AddSocket(fd, false);
    bound = host + ":" + std::to_string(PortOf(fd));
  }
  bound_.push_back(bound);
  addresses_.push_back(host.empty() ? "0.0.0.0" + bound : bound);
}

void FrameListener::BindUnix(const std::string& address) {
  const int fd = Open(address, address);
  shared_sockets_.push_back(fd);
  socket_paths_.push_back(SplitAddress(address).host);
  for (const auto& entrance : entrances_) entrance->AddSocket(fd, true);
  addresses_.push_back(address);
}

// The old entrance is never freed: a thread is inside of it, or has been, and what it has posted may still come.
void FrameListener::Replace(Worker& stuck, Worker& fresh) {
  const auto found = std::find(borrowed_.begin(), borrowed_.end(), &stuck);
  if (found == borrowed_.end()) return;
  const auto place = static_cast<size_t>(found - borrowed_.begin());
  auto& worker = static_cast<FrameWorker&>(fresh);
  auto entrance = std::make_unique<Entrance>(worker, limits_, counts_);
  for (const std::string& bound : bound_) entrance->AddSocket(Open(bound, bound), false);
  for (const int fd : shared_sockets_) entrance->AddSocket(fd, true);
  std::lock_guard lock(mutex_);
  borrowed_[place] = &worker;
  workers_[place] = &worker;
  std::swap(entrances_[place], entrance);
  static_cast<FrameWorker&>(stuck).Post([old = entrance.get()] { old->Close(); });
  cut_off_.push_back(std::move(entrance));
}

void FrameListener::StartOn(Worker& fresh, ProxyShard& entry) {
  const auto found = std::find(borrowed_.begin(), borrowed_.end(), &fresh);
  if (found == borrowed_.end()) return;
  Entrance* entrance = entrances_[static_cast<size_t>(found - borrowed_.begin())].get();
  fresh.Post([entrance, &entry] { entrance->Start(entry); });
}

std::vector<uint64_t> FrameListener::connections() const {
  std::lock_guard lock(mutex_);
  std::vector<uint64_t> counts;
  for (const auto& entrance : entrances_) counts.push_back(entrance->connections());
  return counts;
}

void FrameListener::Start(std::span<ProxyShard* const> entries) {
  started_ = true;
  start_();
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->Post([entrance = entrances_[i].get(), entry = entries[i]] { entrance->Start(*entry); });
  }
}

void FrameListener::Drain(uint64_t deadline_ns) {
  if (!started_) return;
  constexpr uint64_t kLastWordsNs = 2'000'000'000;
  const auto left = std::make_shared<Countdown>(workers_.size());  // also a worker's that is late
  const auto closed = std::make_shared<Countdown>(workers_.size());
  {
    std::lock_guard lock(mutex_);
    for (size_t i = 0; i < workers_.size(); ++i) {
      workers_[i]->Post([entrance = entrances_[i].get(), deadline_ns, left, closed] {
        entrance->Drain(deadline_ns, [left] { left->Tick(); });
        closed->Tick();
      });
    }
  }
  closed->Wait();
  for (const std::string& path : socket_paths_) ::unlink(path.c_str());
  socket_paths_.clear();
  for (const int fd : shared_sockets_) ::close(fd);
  shared_sockets_.clear();
  left->WaitUntil(deadline_ns + kLastWordsNs);
}

void FrameListener::Stop() {
  if (!started_) return;
  started_ = false;
  Countdown closed(workers_.size());
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->Post([entrance = entrances_[i].get(), &closed] {
      entrance->Close();
      closed.Tick();
    });
  }
  closed.Wait();
  for (const std::string& path : socket_paths_) ::unlink(path.c_str());
  stop_();
}

}  // namespace myelin::frame
