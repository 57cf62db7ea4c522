// SPDX-License-Identifier: Apache-2.0
#include "proxy/generation.h"

#include <algorithm>
#include <thread>

#include "base/clock.h"
#include "proxy/on_control.h"
#include "pump/frame/pump.h"
#include "pump/generic/pump.h"

namespace myelin {
namespace {

// So many listeners of the generic pump, each with workers of its own, can be added by reloads.
constexpr uint32_t kSpareListeners = 16;

// So many workers that hang in a policy can be replaced.
constexpr uint32_t kSpareWorkers = 8;

uint32_t GenericListeners(const Config& config) {
  const auto now = std::count_if(config.proxies.begin(), config.proxies.end(),
                                 [](const ProxyConfig& proxy) { return proxy.pump == PumpKind::kGeneric; });
  return static_cast<uint32_t>(now) + kSpareListeners;
}

}  // namespace

Generation::Generation(const Config& config, const GenerationEnvironment& environment)
    : workers_(config.workers > 0 ? config.workers : std::max(1u, std::thread::hardware_concurrency())),
      generic_listeners_(GenericListeners(config)),
      limits_(config.limits),
      first_spare_(workers_ * (1 + generic_listeners_)),
      worker_limit_(first_spare_ + kSpareWorkers),
      environment_(environment),
      drain_timeout_(config.drain_timeout) {}

std::unique_ptr<Generation> Generation::Build(const Config& config, const GenerationEnvironment& environment,
                                              Diagnostics& diagnostics) {
  std::unique_ptr<Generation> made(new Generation(config, environment));
  bool whole = false;
  OnControl(environment.control, [&] { whole = made->CreateProxies(config, diagnostics); });
  return whole ? std::move(made) : nullptr;
}

bool Generation::CreateProxies(const Config& config, Diagnostics& diagnostics) {
  for (const ProxyConfig& proxy : config.proxies) proxies_.push_back(MakeProxy(proxy, diagnostics));
  return std::none_of(proxies_.begin(), proxies_.end(), [](const auto& proxy) { return proxy == nullptr; });
}

std::unique_ptr<Proxy> Generation::MakeProxy(const ProxyConfig& config, Diagnostics& diagnostics) {
  MetadataKeys keys;
  Diagnostics found;
  ProxyPolicies policies = CreatePolicies(config, environment_.catalog, EnvironmentOf(config, keys), found);
  diagnostics.Append(found);
  if (found.HasErrors()) return nullptr;
  return std::make_unique<Proxy>(config, std::move(policies), std::move(keys), environment_.control, environment_.log,
                                 environment_.resolver == nullptr ? system_resolver_ : *environment_.resolver);
}

PolicyEnvironment Generation::EnvironmentOf(const ProxyConfig& proxy, MetadataKeys& keys) const {
  return {proxy.name,
          worker_limit_,
          &keys,
          &environment_.control,
          &environment_.metrics,
          &environment_.log,
          proxy.guards,
          environment_.crashes,
          started_ns_ == 0 ? 1 : number_ + 1};
}

// Listeners end first, with their threads, and nothing is posted to those any more; then go what the threads used and,
// on the control thread, the policies. The last snapshots are posted there when their holders go, so it is waited for
// again.
Generation::~Generation() {
  OnControl(environment_.control, [this] {
    environment_.control.Cancel(sweep_timer_);
    for (Retired& retired : retired_) proxies_.push_back(std::move(retired.proxy));
    std::erase(proxies_, nullptr);  // one that could not be built
    for (const auto& proxy : proxies_) proxy->StopPublishing();
  });
  for (Retired& retired : retired_) retired.drained.wait();
  for (const auto& proxy : proxies_) proxy->Stop();
  OnControl(environment_.control, [this] {
    for (const auto& proxy : proxies_) proxy->EndShards();
    proxies_.clear();
  });
  OnControl(environment_.control, [] {});
}

Proxy* Generation::Find(const std::string& name) const {
  const auto found =
      std::find_if(proxies_.begin(), proxies_.end(), [&](const auto& proxy) { return proxy->name() == name; });
  return found == proxies_.end() ? nullptr : found->get();
}

// The frame pump's workers serve all its listeners and come first; each listener of the generic pump adds some.
Pump& Generation::PumpOf(PumpKind kind) {
  std::lock_guard lock(mutex_);
  std::unique_ptr<Pump>& pump = pumps_[kind];
  if (pump) return *pump;
  pump = kind == PumpKind::kFrame
             ? frame::MakePump(workers_, first_spare_, kSpareWorkers, environment_.control, environment_.log, limits_,
                               [this](Worker& stuck) { ReplaceWorker(stuck); })
             : generic::MakePump(workers_, workers_, generic_listeners_, environment_.control, environment_.log);
  return *pump;
}

void Generation::ListenAll() {
  for (const auto& proxy : proxies_) proxy->LookUpNames();
  for (const auto& proxy : proxies_) {
    proxy->Listen(PumpOf(proxy->config().pump));
    proxy->MakeEndpoints(worker_limit_);
  }
}

// Every worker gets a shard of its own proxy and of each proxy that its calls can be routed to.
void Generation::ConnectRoutes() {
  for (const auto& proxy : proxies_) {
    for (const RouteConfig& route : proxy->config().routes) Find(route.to)->AddRoutedFrom(proxy->workers());
  }
  for (const auto& proxy : proxies_) {
    proxy->SetRoutes(
        [this](const std::string& to, Worker& worker) -> ProxyShard& { return Find(to)->ShardFor(worker); });
  }
}

// Its connections are shut already. What it has in memory stays untouched; if it comes back, it ends what is left.
void Generation::ReplaceWorker(Worker& stuck) {
  for (Retired& retired : retired_) {
    if (retired.proxy) retired.proxy->CutOff(stuck);
  }
  Worker* fresh = draining_ ? nullptr : PumpOf(PumpKind::kFrame).MakeReplacement();
  if (fresh == nullptr) return;
  try {
    for (const auto& proxy : proxies_) proxy->Replace(stuck, *fresh);
    for (const auto& proxy : proxies_) {
      proxy->SetRoutes(
          [this](const std::string& to, Worker& worker) -> ProxyShard& { return Find(to)->ShardFor(worker); });
    }
    for (const auto& proxy : proxies_) proxy->ServeOn(*fresh);
  } catch (const StartupError& error) {
    environment_.log.Error("main", std::string("a worker that hangs is not replaced: ") + error.what());
    return;
  }
  PumpOf(PumpKind::kFrame).Retire(stuck);
  environment_.log.Warning("main", "worker-" + std::to_string(fresh->context().index) +
                                       " serves in the place of worker-" + std::to_string(stuck.context().index));
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

bool Generation::Drain(uint64_t deadline_ns) {
  draining_ = true;
  OnControl(environment_.control, [] {});  // a reload that is under way ends first; no other begins
  std::vector<std::thread> waiting;
  for (const auto& proxy : proxies_) {
    waiting.emplace_back([&proxy, deadline_ns] { proxy->Drain(deadline_ns); });
  }
  for (std::thread& thread : waiting) thread.join();
  std::vector<std::shared_future<void>> retired;
  {
    std::lock_guard lock(mutex_);
    for (const Retired& each : retired_) retired.push_back(each.drained);
  }
  return std::all_of(retired.begin(), retired.end(), [&](const auto& drained) {
    const uint64_t now_ns = MonotonicNow();
    const std::chrono::nanoseconds left(deadline_ns > now_ns ? deadline_ns - now_ns : 0);
    return drained.wait_for(left) == std::future_status::ready;
  });
}

std::vector<ProxyConfig> Generation::proxy_configs() const {
  std::vector<ProxyConfig> configs;
  for (const auto& proxy : proxies_) configs.push_back(proxy->pinned_config());
  return configs;
}

uint64_t Generation::in_flight() const {
  std::lock_guard lock(mutex_);
  uint64_t sum = 0;
  for (const auto& proxy : proxies_) sum += proxy->in_flight();
  return sum;
}

HostStats Generation::Stats() const {
  std::lock_guard lock(mutex_);
  HostStats stats;
  stats.generation = number_;
  stats.swaps = swaps_;
  stats.retired_proxies = retired_.size();
  for (const Retired& retired : retired_) {
    if (retired.proxy) stats.retired_in_flight += retired.proxy->in_flight();
  }
  stats.uptime_seconds = static_cast<double>(MonotonicNow() - started_ns_) * 1e-9;
  stats.workers = workers_;
  stats.draining = draining_;
  for (const auto& [kind, pump] : pumps_) pump->AddStats(stats);
  for (const auto& proxy : proxies_) stats.proxies.push_back(proxy->Stats());
  stats.plugin_metrics = environment_.metrics.Read();
  return stats;
}

}  // namespace myelin
