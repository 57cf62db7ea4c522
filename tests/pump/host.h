// SPDX-License-Identifier: Apache-2.0
//
// A whole host in the test's process: a Generation over the real pump and the real plugins, on free ports. Owned by the
// test; main and control thread as in the binary.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "policy/policy_world.h"
#include "proxy/generation.h"

namespace myelin::test {

/// Whether `condition` comes true within `bound`.
inline bool Eventually(const std::function<bool()>& condition, Duration bound = std::chrono::seconds(20)) {
  const uint64_t end = MonotonicNow() + static_cast<uint64_t>(bound.count());
  while (!condition()) {
    if (MonotonicNow() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

inline PolicyConfig Policy(const std::string& name,
                           std::initializer_list<std::pair<std::string, std::string>> options = {}) {
  return {name, OptionsOf(options), Origin{"test"}};
}

/// MYELIN_PUMP, or the default.
inline PumpKind PumpUnderTest() {
  const char* name = std::getenv("MYELIN_PUMP");
  return name != nullptr && std::string(name) == "generic" ? PumpKind::kGeneric : PumpKind::kFrame;
}

inline ProxyConfig ProxyTo(const std::string& name, const std::vector<std::string>& addresses) {
  ProxyConfig proxy;
  proxy.name = name;
  proxy.pump = PumpUnderTest();
  proxy.listen = {{"127.0.0.1:0", Origin{"test"}}};
  for (const std::string& address : addresses) {
    proxy.endpoints.push_back({address, 1, 0, "", {}, Origin{"test"}});
  }
  proxy.balancer = Policy("random_weight");
  proxy.pool = Policy("loose");
  proxy.timeouts.connect = std::chrono::seconds(5);
  return proxy;
}

class Host {
 public:
  explicit Host(Config config) : config_(std::move(config)) {
    if (config_.workers == 0) config_.workers = 2;
  }
  explicit Host(const ProxyConfig& proxy) : Host(Config{}) { config_.proxies = {proxy}; }

  /// Fails the test when the configuration is refused.
  Host& Start() {
    Diagnostics diagnostics;
    generation_ = Generation::Build(config_, {catalog_, control_, metrics_, log_.get(), resolver_}, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.all()) ADD_FAILURE() << diagnostic.ToString();
    generation_->Start();
    return *this;
  }
  void Stop() { generation_.reset(); }
  /// Before Start. Borrowed.
  void SetResolver(Resolver& resolver) { resolver_ = &resolver; }
  void Drain(Duration patience) { generation_->Drain(MonotonicNow() + static_cast<uint64_t>(patience.count())); }

  /// Answers why not, or "".
  std::string SetEndpoints(const std::vector<EndpointConfig>& endpoints) {
    std::string why;
    control_.Run([&] {
      const bool done = generation_->proxies()[0]->SetEndpoints(endpoints, why);
      EXPECT_EQ(done, why.empty());
    });
    return why;
  }

  Generation& generation() { return *generation_; }
  std::string address(size_t proxy = 0) const { return generation_->proxies()[proxy]->addresses().at(0); }
  ProxyStats Stats(size_t proxy = 0) const { return generation_->Stats().proxies.at(proxy); }
  /// Calls that the host has not given back, in every place where they are counted.
  uint64_t Held() const {
    uint64_t sum = 0;
    for (const ProxyStats& proxy : generation_->Stats().proxies) {
      sum += proxy.in_flight;
      for (const EndpointStats& endpoint : proxy.endpoints) sum += endpoint.in_flight + endpoint.queued;
    }
    return sum;
  }
  TestLog& log() { return log_; }

 private:
  Config config_;
  TestLog log_;
  MetricCells metrics_;
  Catalog catalog_{{std::string(MYELIN_BUILD_DIR) + "/plugins"}};
  ControlThread control_;
  Resolver* resolver_ = nullptr;
  std::unique_ptr<Generation> generation_;
};

}  // namespace myelin::test
