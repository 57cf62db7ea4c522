// SPDX-License-Identifier: Apache-2.0
//
// A socket on which all has been said. What the peer still sends is read and dropped until it closes as well, but not
// for long: closed with bytes unread, the kernel would take back what was sent last. Belongs to a worker, which owns
// it; disposes of itself.
#pragma once

#include <boost/intrusive/list.hpp>

#include "base/timer_wheel.h"
#include "pump/frame/session.h"

namespace myelin::frame {

struct LingeringTag;
using LingeringHook = boost::intrusive::list_base_hook<boost::intrusive::tag<LingeringTag>>;

class LingeringClose final : public Pollable, public Disposable, public LingeringHook {
 public:
  /// Takes over `fd`; `watched` tells whether epoll has it.
  LingeringClose(FrameWorker& worker, int fd, bool watched);
  ~LingeringClose() override;

 private:
  void OnEvents(uint32_t events) override;
  void Over();

  FrameWorker& worker_;
  int fd_;
  Timer timer_{[](void* self) { static_cast<LingeringClose*>(self)->Over(); }, this};
};

}  // namespace myelin::frame
