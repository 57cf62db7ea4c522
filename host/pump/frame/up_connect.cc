// SPDX-License-Identifier: Apache-2.0
//
// The part of UpConnection that gets connected: looks the name up off the worker, tries one address after another.
#include <sys/epoll.h>
#include <unistd.h>

#include <utility>

#include "pump/frame/resolver.h"
#include "pump/frame/up_connection.h"
#include "pump/frame/worker.h"

namespace myelin::frame {

/// Where a lookup's answer goes: `connection` is looked at on the worker only, and nullptr once nobody waits.
struct UpConnection::Lookup {
  UpConnection* connection;
};

UpConnection::UpConnection(FrameWorker& worker, const std::string& address, const ConnectionOptions& options,
                           Observer& observer)
    : Session(worker, Side::kUpstream),
      observer_(&observer),
      address_(address),
      options_(options),
      connect_until_ns_(worker.context().now_ns + static_cast<uint64_t>(options.connect_timeout.count())) {
  worker.context().timers.Start(timer_, connect_until_ns_);
  const AddressText text = SplitAddress(address_);
  std::string why;
  std::vector<SocketAddress> addresses = Resolve(text, true, false, why);
  if (!addresses.empty()) {
    Resolved(std::move(addresses), "");
    return;
  }
  lookup_ = std::make_shared<Lookup>(Lookup{this});
  worker.resolver().Ask(text,
                        [&worker, lookup = lookup_](std::vector<SocketAddress> found, const std::string& problem) {
                          worker.Post([lookup, found, problem] {
                            if (lookup->connection != nullptr) lookup->connection->Resolved(found, problem);
                          });
                        });
}

UpConnection::~UpConnection() {
  if (lookup_) lookup_->connection = nullptr;
  if (connecting_fd_ >= 0) ::close(connecting_fd_);
}

void UpConnection::Resolved(std::vector<SocketAddress> addresses, const std::string& why) {
  if (closed() || observer_ == nullptr) return;
  addresses_ = std::move(addresses);
  failure_ = why;
  phase_ = Phase::kConnecting;
  TryNext();
}

void UpConnection::TryNext() {
  while (next_address_ < addresses_.size()) {
    connecting_fd_ = ConnectTo(addresses_[next_address_++], failure_);
    if (connecting_fd_ < 0) continue;
    failure_.clear();
    worker_.Watch(connecting_fd_, EPOLLOUT, *this, true);
    return;
  }
  FailLater(failure_.empty() ? "it has no address" : failure_);
}

// The observer must not be told from within Open.
void UpConnection::FailLater(const std::string& why) {
  failure_ = why;
  worker_.context().timers.Start(timer_, worker_.context().now_ns);
}

void UpConnection::OnEvents(uint32_t events) {
  if (phase_ != Phase::kConnecting) {
    Session::OnEvents(events);
    return;
  }
  if (connecting_fd_ < 0 || observer_ == nullptr) return;
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(connecting_fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) {
    OnConnected();
    return;
  }
  failure_ = ErrnoText(error);
  ::close(std::exchange(connecting_fd_, -1));
  TryNext();
}

void UpConnection::OnConnected() {
  phase_ = Phase::kHandshake;
  worker_.Unwatch(connecting_fd_);
  Begin(std::exchange(connecting_fd_, -1));
}

}  // namespace myelin::frame
