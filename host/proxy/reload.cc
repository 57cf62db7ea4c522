// SPDX-License-Identifier: Apache-2.0
//
// The part of Generation that steps to another configuration while it serves. All that can fail comes first, in the
// order of what it costs to take back: policies are made, addresses bound, shards made. Then nothing fails any more.
#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "proxy/config_diff.h"
#include "proxy/generation.h"
#include "proxy/on_control.h"

namespace myelin {
namespace {

constexpr auto kSweep = std::chrono::milliseconds(20);

std::string Describe(const Proxy& proxy, const ProxyChange& next) {
  const std::string what = DescribeChange(proxy.config(), next.config);
  const ProxyPolicies then{next.parts.balancer, next.parts.pool, next.parts.limiters, next.parts.balancer_candidate,
                           next.parts.limiter_candidates};
  const bool same = proxy.policies() == then;
  return what.empty() && !same ? "plugins" : what;
}

}  // namespace

struct Generation::Reloading {
  struct Step {
    const ProxyConfig* config = nullptr;
    Proxy* proxy = nullptr;             // serves under that name, and goes on
    std::unique_ptr<Proxy> fresh;       // else this will
    std::unique_ptr<ProxyChange> next;  // of a proxy that goes on
    Proxy& target() const { return proxy != nullptr ? *proxy : *fresh; }
  };
  const Config& config;
  std::vector<Step> steps;

  Proxy& Find(const std::string& name) const {
    return std::find_if(steps.begin(), steps.end(), [&](const Step& step) { return step.config->name == name; })
        ->target();
  }
};

bool Generation::Reload(const Config& next, Diagnostics& diagnostics, std::vector<std::string>& changes) {
  bool done = false;
  OnControl(environment_.control, [&] { done = ReloadOnControl(next, diagnostics, changes); });
  return done;
}

bool Generation::ReloadOnControl(const Config& next, Diagnostics& diagnostics, std::vector<std::string>& changes) {
  if (draining_) diagnostics.Error(Origin{"reload"}, "myelin is draining");
  if (draining_) return false;
  Reloading reloading{next, {}};
  MatchProxies(reloading, diagnostics);
  if (diagnostics.HasErrors()) return false;
  try {
    BindAndConnect(reloading);
    PrepareAll(reloading, diagnostics);
  } catch (const StartupError& error) {
    for (const Diagnostic& diagnostic : error.diagnostics()) diagnostics.Error(diagnostic.origin, diagnostic.message);
  }
  if (diagnostics.HasErrors()) {
    for (Reloading::Step& step : reloading.steps) {  // workers may know shards of it already
      if (step.proxy != nullptr) step.proxy->Abandon();
      if (step.fresh) Retire(std::move(step.fresh));
    }
    return false;
  }
  drain_timeout_ = next.drain_timeout;
  CommitAll(reloading, changes);
  ++number_;
  return true;
}

// A proxy that listens somewhere else altogether is another one, which happens to have its name.
void Generation::MatchProxies(Reloading& reloading, Diagnostics& diagnostics) {
  for (const ProxyConfig& config : reloading.config.proxies) {
    Reloading::Step& step = reloading.steps.emplace_back();
    step.config = &config;
    Proxy* running = Find(config.name);
    if (running != nullptr && running->config().pump != config.pump) {
      diagnostics.Error(config.origin, "proxies." + config.name + ".pump cannot change while myelin runs; restart it");
    } else if (running != nullptr && SameListen(running->config(), config) &&
               !SameListenLimits(running->config(), config)) {
      diagnostics.Error(config.origin, "proxies." + config.name +
                                           ".limits.max_connections and max_streams cannot change while the proxy "
                                           "serves; restart");
    } else if (running != nullptr && SameListen(running->config(), config)) {
      step.proxy = running;
    } else if (running == nullptr || ListenApart(running->config(), config)) {
      step.fresh = MakeProxy(config, diagnostics);
    } else {
      diagnostics.Error(config.origin, "proxies." + config.name +
                                           ".listen cannot gain or lose addresses while the proxy serves; give it "
                                           "other addresses altogether, add a proxy, or restart");
    }
  }
}

void Generation::BindAndConnect(Reloading& reloading) {
  for (const Reloading::Step& step : reloading.steps) {
    if (!step.fresh) continue;
    step.fresh->LookUpNames();
    step.fresh->Listen(PumpOf(step.config->pump));
    step.fresh->MakeEndpoints(worker_limit_);
  }
  for (const Reloading::Step& step : reloading.steps) {
    for (const RouteConfig& route : step.config->routes) {
      reloading.Find(route.to).AddRoutedFrom(step.target().workers());
    }
  }
  for (const Reloading::Step& step : reloading.steps) {
    for (Worker* worker : step.target().workers()) {
      step.target().ShardFor(*worker);
      for (const RouteConfig& route : step.config->routes) reloading.Find(route.to).ShardFor(*worker);
    }
  }
}

void Generation::PrepareAll(Reloading& reloading, Diagnostics& diagnostics) {
  for (Reloading::Step& step : reloading.steps) {
    if (step.fresh) {
      step.fresh->PublishFirstSnapshot();
    } else {
      step.next = Prepare(*step.proxy, *step.config, Renewed{}, diagnostics);
    }
  }
}

void Generation::CommitAll(Reloading& reloading, std::vector<std::string>& changes) {
  std::vector<std::unique_ptr<Proxy>> now;
  std::vector<Proxy*> fresh;
  std::vector<std::unique_ptr<Proxy>> before;
  {
    std::lock_guard lock(mutex_);
    before = std::move(proxies_);
    for (Reloading::Step& step : reloading.steps) {
      const auto known = std::find_if(before.begin(), before.end(),
                                      [&](const auto& proxy) { return proxy.get() == step.proxy && proxy != nullptr; });
      if (step.fresh) fresh.push_back(step.fresh.get());
      now.push_back(step.fresh ? std::move(step.fresh) : std::move(*known));
    }
    proxies_ = std::move(now);
  }
  for (Reloading::Step& step : reloading.steps) {
    if (!step.next) continue;
    const std::string what = Describe(*step.proxy, *step.next);
    if (what.empty()) continue;
    changes.push_back("proxy " + step.config->name + " changed (" + what + ")");
    step.proxy->Commit(std::move(*step.next));
  }
  for (const auto& proxy : proxies_) {
    proxy->SetRoutes(
        [this](const std::string& to, Worker& worker) -> ProxyShard& { return Find(to)->ShardFor(worker); });
  }
  for (Proxy* proxy : fresh) {
    proxy->Serve();
    changes.push_back("proxy " + proxy->name() + " added");
  }
  for (auto& proxy : before) {
    if (!proxy) continue;
    changes.push_back("proxy " + proxy->name() + " removed");
    Retire(std::move(proxy));
  }
}

void Generation::Retire(std::unique_ptr<Proxy> proxy) {
  const uint64_t deadline_ns = MonotonicNow() + static_cast<uint64_t>(drain_timeout_.count());
  std::shared_future<void> drained =
      std::async(std::launch::async, [leaving = proxy.get(), deadline_ns] { leaving->Drain(deadline_ns); });
  std::lock_guard lock(mutex_);
  retired_.push_back({std::move(proxy), std::move(drained)});
  if (sweep_timer_ == 0) sweep_timer_ = environment_.control.Every(kSweep, [this] { SweepRetired(); });
}

// First its listener drains, then its workers end if they are its own, then its shards on workers that others use.
void Generation::SweepRetired() {
  for (Retired& retired : retired_) {
    if (retired.drained.wait_for(std::chrono::seconds(0)) != std::future_status::ready) continue;
    if (!std::exchange(retired.stopped, true)) StopRetired(retired);
    if (!retired.proxy->ReleaseShards()) continue;
    environment_.log.Info("main", "proxy \"" + retired.proxy->name() + "\" has ended");
    retired.proxy->StopPublishing();
    std::lock_guard lock(mutex_);
    // Not at once: what its workers have posted about its endpoints comes first.
    environment_.control.Post([ended = retired.proxy.release()] { delete ended; });
  }
  std::lock_guard lock(mutex_);
  std::erase_if(retired_, [](const Retired& retired) { return !retired.proxy; });
  if (retired_.empty()) environment_.control.Cancel(std::exchange(sweep_timer_, 0));
}

void Generation::StopRetired(Retired& retired) {
  std::vector<Proxy::WorkerShard> ending;
  if (retired.proxy->config().pump == PumpKind::kGeneric) {  // its workers are its own, and hold shards of others
    const auto take = [&](Proxy& proxy) {
      for (auto& shard : proxy.TakeShardsOf(retired.proxy->workers())) ending.push_back(std::move(shard));
    };
    for (const auto& proxy : proxies_) take(*proxy);
    for (const Retired& other : retired_) {
      if (other.proxy) take(*other.proxy);  // it may have ended in this very sweep
    }
  }
  retired.proxy->Stop();
}

}  // namespace myelin
