// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/lingering_close.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "pump/frame/worker.h"

namespace myelin::frame {
namespace {

constexpr uint64_t kLongestNs = 1'000'000'000;

}  // namespace

LingeringClose::LingeringClose(FrameWorker& worker, int fd, bool watched) : worker_(worker), fd_(fd) {
  ::shutdown(fd, SHUT_WR);
  worker.Watch(fd, EPOLLIN, *this, !watched);
  worker.context().timers.Start(timer_, worker.context().now_ns + kLongestNs);
}

LingeringClose::~LingeringClose() { ::close(fd_); }

void LingeringClose::OnEvents(uint32_t) {
  if (!LingeringHook::is_linked()) return;
  const auto buffer = worker_.read_buffer();
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) Over();
}

void LingeringClose::Over() {
  timer_.Stop();
  worker_.Unwatch(fd_);
  worker_.EndLinger(*this);
}

}  // namespace myelin::frame
