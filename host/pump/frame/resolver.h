// SPDX-License-Identifier: Apache-2.0
//
// Looks names up off the workers' threads, for getaddrinfo blocks. One thread, started with the first name. Owned by
// the pump; outlives its workers.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pump/frame/socket.h"

namespace myelin::frame {

class Resolver {
 public:
  using Answer = std::function<void(std::vector<SocketAddress> found, const std::string& why)>;

  Resolver() = default;
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// [any] Calls `answer` on the resolver's thread.
  void Ask(AddressText text, Answer answer);

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::pair<AddressText, Answer>> questions_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace myelin::frame
