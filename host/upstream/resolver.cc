// SPDX-License-Identifier: Apache-2.0
#include "upstream/resolver.h"

#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace myelin {
namespace {

constexpr size_t kThreads = 4;  // a name whose servers do not answer holds one of them for long

std::string Numeric(const addrinfo& found) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  const int code = ::getnameinfo(found.ai_addr, found.ai_addrlen, host.data(), host.size(), port.data(), port.size(),
                                 NI_NUMERICHOST | NI_NUMERICSERV);
  if (code != 0) return "";
  const std::string text = host.data();
  return (found.ai_family == AF_INET6 ? "[" + text + "]" : text) + ":" + port.data();
}

std::vector<std::string> Ask(const std::string& name, std::string& why) {
  const size_t colon = name.rfind(':');
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(name.substr(0, colon).c_str(), name.substr(colon + 1).c_str(), &hints, &found);
  if (code != 0) {
    why = ::gai_strerror(code);
    why[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(why[0])));
    return {};
  }
  std::vector<std::string> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) addresses.push_back(Numeric(*each));
  ::freeaddrinfo(found);
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  std::erase(addresses, "");
  if (addresses.empty()) why = "it has no address";
  return addresses;
}

}  // namespace

struct SystemResolver::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::pair<std::string, Answer>> questions;
  size_t threads = 0;
  size_t idle = 0;
  bool stopping = false;

  // Answers under the lock, so that none comes when the resolver has ended.
  void Loop() {
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      wake.wait(lock, [this] { return stopping || !questions.empty(); });
      --idle;
      if (stopping) return;
      const auto [name, answer] = std::move(questions.front());
      questions.pop_front();
      lock.unlock();
      std::string why;
      std::vector<std::string> addresses = Ask(name, why);
      lock.lock();
      if (stopping) return;
      answer(std::move(addresses), why);
    }
  }
};

SystemResolver::SystemResolver() : state_(std::make_shared<State>()) {}

SystemResolver::~SystemResolver() {
  std::lock_guard lock(state_->mutex);
  state_->stopping = true;
  state_->questions.clear();
  state_->wake.notify_all();
}

void SystemResolver::LookUp(const std::string& name, Answer answer) {
  std::lock_guard lock(state_->mutex);
  state_->questions.emplace_back(name, std::move(answer));
  if (state_->idle < state_->questions.size() && state_->threads < kThreads) {
    ++state_->threads;
    std::thread thread([state = state_] { state->Loop(); });
    pthread_setname_np(thread.native_handle(), "resolver");
    thread.detach();
  }
  state_->wake.notify_one();
}

}  // namespace myelin
