// SPDX-License-Identifier: Apache-2.0
//
// The part of UpConnection that gets connected.
#include <sys/epoll.h>
#include <unistd.h>

#include <utility>

#include "pump/frame/up_connection.h"
#include "pump/frame/worker.h"

namespace myelin::frame {

UpConnection::UpConnection(FrameWorker& worker, const std::string& address, const ConnectionOptions& options,
                           Observer& observer)
    : Session(worker, Side::kUpstream),
      observer_(&observer),
      address_(address),
      options_(options),
      connect_until_ns_(worker.context().now_ns + static_cast<uint64_t>(options.connect_timeout.count())) {
  worker.context().timers.Start(timer_, connect_until_ns_);
  const std::vector<SocketAddress> addresses = Resolve(SplitAddress(address), true, false, failure_);
  if (!addresses.empty()) connecting_fd_ = ConnectTo(addresses.front(), failure_);
  if (connecting_fd_ >= 0) {
    worker_.Watch(connecting_fd_, EPOLLOUT, *this, true);
  } else {  // the observer must not be told from within Open
    worker.context().timers.Start(timer_, worker.context().now_ns);
  }
}

UpConnection::~UpConnection() {
  if (connecting_fd_ >= 0) ::close(connecting_fd_);
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
  ::close(std::exchange(connecting_fd_, -1));
  Shut(ErrnoText(error));
}

void UpConnection::OnConnected() {
  phase_ = Phase::kHandshake;
  worker_.Unwatch(connecting_fd_);
  Begin(std::exchange(connecting_fd_, -1));
}

}  // namespace myelin::frame
