// SPDX-License-Identifier: Apache-2.0
//
// The seam between the proxy and what moves bytes. A pump has workers, accepts streams on listeners, and relays each
// stream to the connection that its Call was given. It never sees a policy. Used from the control thread.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/stats.h"
#include "call/proxy_shard.h"
#include "upstream/worker_context.h"

namespace myelin {

/// A thread of the data path. It owns its connections and calls.
class Worker {
 public:
  virtual ~Worker() = default;
  virtual WorkerContext& context() = 0;
  /// [any] Runs `task` on the worker soon.
  virtual void Post(std::function<void()> task) = 0;
  /// [control] A shard whose results it flushes from now on and whose connections it closes at the end. Before the
  /// worker starts, or at any time later.
  virtual void AddShard(ProxyShard& shard) = 0;
  /// [control] Lets go of a shard that no new call comes to, unless it has calls left. `done` is told on the worker
  /// whether it has.
  virtual void RemoveShard(ProxyShard& shard, std::function<void(bool removed)> done) = 0;
};

/// Where the calls of one proxy come in.
class Listener {
 public:
  virtual ~Listener() = default;
  /// As bound, so with the real port.
  virtual const std::vector<std::string>& addresses() const = 0;
  /// The workers that serve it, as many as there can be entries.
  virtual std::span<Worker* const> workers() = 0;
  /// [any] How many connections each worker has now; empty where the pump cannot tell.
  virtual std::vector<uint64_t> connections() const { return {}; }
  /// [any] Zeros where the pump cannot tell.
  virtual ConnectionTotals connection_totals() const { return {}; }
  /// Begins to serve. `entries` has for each worker the shard where its calls come in.
  virtual void Start(std::span<ProxyShard* const> entries) = 0;
  /// [control] `fresh` in the place of `stuck`, which a policy does not return to; then StartOn has its entry. Nothing
  /// happens when `stuck` does not serve it. Throws StartupError when an address cannot be bound again.
  virtual void Replace(Worker&, Worker&) {}
  virtual void StartOn(Worker&, ProxyShard&) {}
  /// Takes no new calls (GOAWAY), waits for those in flight until `deadline_ns`, then cancels the rest.
  virtual void Drain(uint64_t deadline_ns) = 0;
  /// Ends its workers. No call is left by then.
  virtual void Stop() = 0;
};

struct ListenOptions {
  std::string proxy;
  std::vector<std::string> addresses;  // host:port, :port, [v6]:port, unix:/path
  uint32_t max_workers = 0;            // serve on no more than these; 0: on any number
  ProxyLimits limits;
};

class Pump {
 public:
  virtual ~Pump() = default;
  /// Binds the addresses. Throws StartupError (with an empty origin) naming the address and the reason.
  virtual std::unique_ptr<Listener> Listen(const ListenOptions& options) = 0;
  /// [control] A worker that runs, for the place of one that hangs. nullptr: there can be no more.
  virtual Worker* MakeReplacement() { return nullptr; }
  /// [control] Another has its place: if it comes back, it ends what is left on it.
  virtual void Retire(Worker&) {}
  /// [any] Adds what it knows of its workers.
  virtual void AddStats(HostStats&) const {}
};

}  // namespace myelin
