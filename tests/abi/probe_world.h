// SPDX-License-Identifier: Apache-2.0
//
// A proxy's shard whose balancer, pool and limiter are the probes of one folder, loaded as a user's plugins are, over
// a fake network. Owned by the test, which stands for worker and control thread.
#pragma once

#include <filesystem>

#include "call/call_world.h"

namespace myelin::test {

/// A folder of probes: one per frozen SDK, and those of today and of a future SDK, which the build makes.
struct ProbeFolder {
  std::string name;  // "1_0", "today", "future"
  std::string path;
};

inline void PrintTo(const ProbeFolder& folder, std::ostream* out) { *out << folder.name; }

inline std::vector<ProbeFolder> ProbeFolders() {
  std::vector<ProbeFolder> folders;
  for (const auto& entry : std::filesystem::directory_iterator(MYELIN_SOURCE_DIR "/tests/abi/frozen")) {
    if (!entry.is_directory()) continue;
    std::string name = entry.path().filename();
    std::replace(name.begin(), name.end(), '.', '_');
    folders.push_back({name, entry.path() / "plugins"});
  }
  folders.push_back({"today", MYELIN_BUILD_DIR "/tests/abi/today"});
  folders.push_back({"future", MYELIN_BUILD_DIR "/tests/abi/future"});
  return folders;
}

inline Node Words(std::initializer_list<std::string> words) {
  Node list = Node::List(Origin{"test"});
  for (const std::string& word : words) list.items.push_back(Node::Scalar(word, Origin{"test"}));
  return list;
}

/// What the probes want written: `name: probe`, and something nested in `extra`.
inline Node ProbeOptions() {
  Node options = OptionsOf({{"name", "probe"}});
  Node extra = Node::Map(Origin{"test"});
  extra.Set("inner", Words({"1", "two"}));
  options.Set("extra", extra);
  return options;
}

class ProbeWorld : public CallWorld {
 public:
  ProbeWorld() : CallWorld(3) {}

  /// Loads the three probes from their files and makes the proxy of them.
  void Use(const std::string& balancer, const std::string& pool, const std::string& limiter) {
    ProxyParts& parts = proxy.parts;
    parts.balancer = policies.Load<myelin_balancer>(balancer, ProbeOptions());
    parts.pool = policies.Load<myelin_pool>(pool, ProbeOptions());
    parts.limiters = {policies.Load<myelin_limiter>(limiter, ProbeOptions())};
    ASSERT_TRUE(parts.balancer && parts.pool && parts.limiters[0]);
    parts.keys = policies.keys;
    proxy.counters.emplace();
    proxy.shard.emplace(worker, parts, *proxy.counters, EndpointPool::Options{});
    Publish(parts.endpoints);
    proxy.shard->Start();
    AllReady();
  }

  /// On the control thread, as `update` may not run beside a `release`.
  void Publish(const std::vector<std::shared_ptr<Endpoint>>& endpoints) {
    policies.control.Run([&] { proxy.Publish(endpoints); });
  }

  void AllReady() {
    for (size_t i = 0; i < connector.opened(); ++i) {
      if (!connector[i].open && !connector[i].closed) connector[i].GetReady();
    }
  }

  /// A call from 10.1.2.3; `probed` asks one of the probes to do something about it.
  FakeRelay& StartCall(const std::string& probed = "") {
    FakeRelay& relay = relays.emplace_back();
    relay.request.peer = {"10.1.2.3:4711", {10, 1, 2, 3}, MYELIN_PEER_IPV4, 4711};
    if (!probed.empty()) relay.metadata.values.emplace("x-abi-probe", probed);
    Start(relay);
    AllReady();
    return relay;
  }

  /// Ends all policies, which tell what they found when they end.
  std::string LogAtTheEnd() {
    relays.clear();
    proxy.snapshot.reset();
    proxy.shard.reset();
    policies.Settle();
    proxy.parts = {};
    return policies.log.Text();
  }

  uint64_t Strikes() {
    return proxy.parts.balancer->guard().strikes() + proxy.parts.pool->guard().strikes() +
           proxy.parts.limiters[0]->guard().strikes();
  }
  /// The sum of a metric of all policies.
  uint64_t Metric(const std::string& name) {
    uint64_t sum = 0;
    for (const PluginMetric& metric : policies.metrics.Read()) sum += metric.name == name ? metric.value : 0;
    return sum;
  }
};

}  // namespace myelin::test
