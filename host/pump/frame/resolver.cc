// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/resolver.h"

#include <utility>

namespace myelin::frame {

Resolver::~Resolver() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Resolver::Ask(AddressText text, Answer answer) {
  std::lock_guard lock(mutex_);
  questions_.emplace_back(std::move(text), std::move(answer));
  if (!thread_.joinable()) thread_ = std::thread([this] { Loop(); });
  wake_.notify_all();
}

void Resolver::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
    if (stopping_) return;
    const auto [text, answer] = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    std::string why;
    std::vector<SocketAddress> found = Resolve(text, false, false, why);
    answer(std::move(found), why);
    lock.lock();
  }
}

}  // namespace myelin::frame
