// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/entrance.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "pump/frame/worker.h"

namespace myelin::frame {
namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr uint64_t kPauseNs = 100'000'000;
// Clients that are told to go connect elsewhere at once, so they are not all told at once.
constexpr uint64_t kGoawayApartNs = 500'000;
constexpr uint64_t kGoawaysNs = 1'000'000'000;
// After the cut, answers have so long to leave.
constexpr uint64_t kLastWordsNs = 500'000'000;

}  // namespace

Entrance::~Entrance() {
  for (const auto& acceptor : acceptors_) {
    if (!acceptor->shared && acceptor->fd >= 0) ::close(acceptor->fd);
  }
}

void Entrance::AddSocket(int fd, bool shared) { acceptors_.push_back(std::make_unique<Acceptor>(*this, fd, shared)); }

void Entrance::Start(ProxyShard& entry) {
  entry_ = &entry;
  entry.Start();
  OnPauseOver();
}

void Entrance::OnPauseOver() {
  for (const auto& acceptor : acceptors_) {
    const auto exclusive = acceptor->shared ? static_cast<uint32_t>(EPOLLEXCLUSIVE) : 0u;
    worker_.Watch(acceptor->fd, EPOLLIN | exclusive, *acceptor, true);
  }
}

// Out of descriptors: waiting is better than being told again and again.
void Entrance::Pause() {
  if (pause_timer_.active()) return;
  for (const auto& acceptor : acceptors_) worker_.Unwatch(acceptor->fd);
  worker_.context().timers.Start(pause_timer_, worker_.context().now_ns + kPauseNs);
}

void Entrance::Accept(Acceptor& acceptor) {
  for (int i = 0; i < kAcceptsPerTurn && acceptor.fd >= 0; ++i) {
    SocketAddress peer;
    peer.size = sizeof(peer.storage);
    const int fd =
        ::accept4(acceptor.fd, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EINVAL) worker_.Unwatch(acceptor.fd);  // it listens no more: the watchdog has cut this worker off
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) Pause();
      return;
    }
    if (!Admit()) {
      ::close(fd);
      continue;
    }
    if (peer.storage.ss_family != AF_UNIX) SetNoDelay(fd);
    connections_.push_back(*new DownConnection(worker_, *this, fd, peer));  // disposes of itself when closed
    connection_count_.Set(connections_.size());
  }
}

// Closing what is too much costs less than to let it wait in the kernel, and tells the client to go elsewhere.
bool Entrance::Admit() {
  if (counts_.open.fetch_add(1, std::memory_order_relaxed) < limits_.max_connections) {
    counts_.accepted.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  counts_.open.fetch_sub(1, std::memory_order_relaxed);
  counts_.refused.fetch_add(1, std::memory_order_relaxed);
  refused_limit_.Write(worker_.context().log, LogLevel::kWarning, "pump",
                       "a connection is closed: there are " + std::to_string(limits_.max_connections) +
                           " already (limits.max_connections)");
  return false;
}

void Entrance::Remove(DownConnection& connection) {
  counts_.open.fetch_sub(1, std::memory_order_relaxed);
  connections_.erase(connections_.iterator_to(connection));
  connection_count_.Set(connections_.size());
  if (!connections_.empty() || !empty_) return;
  deadline_timer_.Stop();
  std::exchange(empty_, nullptr)();
}

void Entrance::CloseSockets() {
  pause_timer_.Stop();
  for (const auto& acceptor : acceptors_) {
    if (acceptor->fd < 0) continue;
    worker_.Unwatch(acceptor->fd);
    if (!acceptor->shared) ::close(acceptor->fd);
    acceptor->fd = -1;
  }
}

void Entrance::Drain(uint64_t deadline_ns, std::function<void()> empty) {
  CloseSockets();
  if (connections_.empty()) {
    empty();
    return;
  }
  empty_ = std::move(empty);
  const uint64_t now = worker_.context().now_ns;
  const uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
  const uint64_t spread = std::min({connections_.size() * kGoawayApartNs, kGoawaysNs, left / 4});
  for (DownConnection& connection : connections_) {
    connection.StartDrain(spread == 0 ? 0 : worker_.context().random.Next() % spread);
  }
  worker_.context().timers.Start(deadline_timer_, deadline_ns);
}

void Entrance::OnDeadline() {
  if (cut_) {
    while (!connections_.empty()) connections_.front().Drop("the drain is over");
    return;
  }
  cut_ = true;
  for (DownConnection& connection : connections_) connection.Cut();
  worker_.context().timers.Start(deadline_timer_, worker_.context().now_ns + kLastWordsNs);
}

void Entrance::Close() {
  CloseSockets();
  while (!connections_.empty()) connections_.front().Drop("the listener closed");
  deadline_timer_.Stop();
}

}  // namespace myelin::frame
