// SPDX-License-Identifier: Apache-2.0
#include "proxy/generation.h"

#include <algorithm>
#include <exception>
#include <thread>

#include "base/clock.h"
#include "pump/frame/pump.h"
#include "pump/generic/pump.h"

namespace myelin {
namespace {

/// Runs `task` on the control thread, where the ABI wants policies to be made, asked and destroyed; what it throws
/// comes out here.
template <typename Task>
void OnControl(ControlThread& control, const Task& task) {
  std::exception_ptr thrown;
  control.Run([&] {
    try {
      task();
    } catch (...) {
      thrown = std::current_exception();
    }
  });
  if (thrown) std::rethrow_exception(thrown);
}

bool UsesFrame(const Config& config) {
  return std::any_of(config.proxies.begin(), config.proxies.end(),
                     [](const ProxyConfig& proxy) { return proxy.pump == PumpKind::kFrame; });
}

}  // namespace

Generation::Generation(const Config& config, const GenerationEnvironment& environment)
    : workers_(config.workers > 0 ? config.workers : std::max(1u, std::thread::hardware_concurrency())),
      frame_workers_(UsesFrame(config) ? workers_ : 0),
      environment_(environment) {}

std::unique_ptr<Generation> Generation::Build(const Config& config, const GenerationEnvironment& environment,
                                              Diagnostics& diagnostics) {
  std::unique_ptr<Generation> made(new Generation(config, environment));
  bool whole = false;
  OnControl(environment.control, [&] { whole = made->CreateProxies(config, diagnostics); });
  return whole ? std::move(made) : nullptr;
}

bool Generation::CreateProxies(const Config& config, Diagnostics& diagnostics) {
  const uint32_t shards = frame_workers_ + workers_ * static_cast<uint32_t>(config.proxies.size());
  bool whole = true;
  for (const ProxyConfig& proxy : config.proxies) {
    MetadataKeys keys;
    const PolicyEnvironment environment{proxy.name,       shards, &keys, &environment_.control, &environment_.metrics,
                                        &environment_.log};
    Diagnostics found;
    ProxyPolicies policies = CreatePolicies(proxy, environment_.catalog, environment, found);
    diagnostics.Append(found);
    if (found.HasErrors()) {
      whole = false;
      continue;
    }
    proxies_.push_back(
        std::make_unique<Proxy>(proxy, std::move(policies), std::move(keys), environment_.control, environment_.log));
  }
  return whole;
}

// Listeners end first, with their threads, and nothing is posted to those any more; then go what the threads used and,
// on the control thread, the policies. The last snapshots are posted there when their holders go, so it is waited for
// again.
Generation::~Generation() {
  OnControl(environment_.control, [this] {
    for (const auto& proxy : proxies_) proxy->StopPublishing();
  });
  for (const auto& proxy : proxies_) proxy->Stop();
  OnControl(environment_.control, [this] { proxies_.clear(); });
  OnControl(environment_.control, [] {});
}

Proxy* Generation::Find(const std::string& name) const {
  const auto found =
      std::find_if(proxies_.begin(), proxies_.end(), [&](const auto& proxy) { return proxy->name() == name; });
  return found == proxies_.end() ? nullptr : found->get();
}

// The frame pump's workers serve all its listeners and come first; each listener of the generic pump adds some.
Pump& Generation::PumpOf(PumpKind kind) {
  std::unique_ptr<Pump>& pump = pumps_[kind];
  if (pump) return *pump;
  pump = kind == PumpKind::kFrame ? frame::MakePump(workers_, 0, environment_.control, environment_.log)
                                  : generic::MakePump(workers_, frame_workers_, environment_.control, environment_.log);
  return *pump;
}

void Generation::ListenAll() {
  uint32_t workers = 0;
  for (const auto& proxy : proxies_) {
    proxy->Listen(PumpOf(proxy->config().pump));
    for (Worker* worker : proxy->workers()) workers = std::max(workers, worker->context().index + 1);
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
  OnControl(environment_.control, [this] { StartOnControl(); });
}

void Generation::StartOnControl() {
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
