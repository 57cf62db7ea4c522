// SPDX-License-Identifier: Apache-2.0
#include "proxy/generation.h"

#include <algorithm>
#include <thread>

#include "base/clock.h"
#include "pump/generic/pump.h"

namespace myelin {

Generation::Generation(const Config& config, const GenerationEnvironment& environment)
    : workers_(config.workers > 0 ? config.workers : std::max(1u, std::thread::hardware_concurrency())),
      environment_(environment),
      pump_(generic::MakePump(workers_, environment.control, environment.log)) {}

std::unique_ptr<Generation> Generation::Build(const Config& config, const GenerationEnvironment& environment,
                                              Diagnostics& diagnostics) {
  std::unique_ptr<Generation> made(new Generation(config, environment));
  const auto shards = made->workers_ * static_cast<uint32_t>(config.proxies.size());
  bool whole = true;
  for (const ProxyConfig& proxy : config.proxies) {
    MetadataKeys keys;
    const PolicyEnvironment policy_environment{proxy.name,          shards,          &keys, &environment.control,
                                               &environment.metrics, &environment.log};
    Diagnostics found;
    ProxyPolicies policies = CreatePolicies(proxy, environment.catalog, policy_environment, found);
    diagnostics.Append(found);
    if (found.HasErrors()) {
      whole = false;
      continue;
    }
    made->proxies_.push_back(
        std::make_unique<Proxy>(proxy, std::move(policies), std::move(keys), environment.control, environment.log));
  }
  return whole ? std::move(made) : nullptr;
}

// Listeners end first, with their threads; then what the threads used; and what the control thread still has to do about
// it before the policies go.
Generation::~Generation() {
  for (const auto& proxy : proxies_) proxy->Stop();
  environment_.control.Run([] {});
}

Proxy* Generation::Find(const std::string& name) const {
  const auto found =
      std::find_if(proxies_.begin(), proxies_.end(), [&](const auto& proxy) { return proxy->name() == name; });
  return found == proxies_.end() ? nullptr : found->get();
}

void Generation::ListenAll() {
  uint32_t workers = 0;
  for (const auto& proxy : proxies_) {
    proxy->Listen(*pump_);
    workers += static_cast<uint32_t>(proxy->workers().size());
  }
  for (const auto& proxy : proxies_) proxy->MakeEndpoints(workers);
}

// Every worker gets a shard of its own proxy and of each proxy that its calls can be routed to.
void Generation::ConnectRoutes() {
  for (const auto& proxy : proxies_) {
    for (const RouteConfig& route : proxy->config().routes) Find(route.to)->AddRoutedFrom(proxy->workers());
  }
  for (const auto& proxy : proxies_) {
    for (Worker* worker : proxy->workers()) {
      std::vector<Route> routes;
      for (const RouteConfig& route : proxy->config().routes) {
        routes.push_back({route.metadata, route.service, route.method, &Find(route.to)->ShardFor(*worker)});
      }
      proxy->ShardFor(*worker).SetRoutes(std::move(routes));
    }
  }
}

void Generation::Start() {
  ListenAll();
  ConnectRoutes();
  for (const auto& proxy : proxies_) proxy->PublishFirstSnapshot();
  started_ns_ = MonotonicNow();
  for (const auto& proxy : proxies_) proxy->Serve();
}

void Generation::Drain(uint64_t deadline_ns) {
  draining_ = true;
  std::vector<std::thread> waiting;
  for (const auto& proxy : proxies_) {
    waiting.emplace_back([&proxy, deadline_ns] { proxy->Drain(deadline_ns); });
  }
  for (std::thread& thread : waiting) thread.join();
}

uint64_t Generation::in_flight() const {
  uint64_t sum = 0;
  for (const auto& proxy : proxies_) sum += proxy->in_flight();
  return sum;
}

HostStats Generation::Stats() const {
  HostStats stats;
  stats.uptime_seconds = static_cast<double>(MonotonicNow() - started_ns_) * 1e-9;
  stats.workers = workers_;
  stats.draining = draining_;
  for (const auto& proxy : proxies_) stats.proxies.push_back(proxy->Stats());
  stats.plugin_metrics = environment_.metrics.Read();
  return stats;
}

}  // namespace myelin
