// SPDX-License-Identifier: Apache-2.0
//
// One worker's connections to one endpoint, and the calls that wait for a stream on them. It owns the connections and
// carries out what the pool policy decides; connects that fail are tried again with exponential backoff and jitter.
// Lives and is used on its worker; the policy's shard is borrowed from the proxy's shard.
#pragma once

#include <myelin/pool.h>

#include <boost/intrusive/list.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/shard.h"
#include "upstream/connection.h"
#include "upstream/worker_context.h"

namespace myelin {

/// A call that wants a stream. Linked while it waits; unlinks itself when destroyed.
class Waiter : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  /// A stream on `connection` is reserved for it.
  virtual void OnStream(Connection& connection) = 0;
  /// `unsent`: nothing was sent and another endpoint may do better.
  virtual void OnNoStream(uint32_t grpc_status, std::string_view why, bool unsent) = 0;
  /// What the pool policy is asked with; filled in anew at each call.
  virtual const myelin_call& FillCall() = 0;

 protected:
  ~Waiter() = default;

 private:
  friend class EndpointPool;
  Connection* bound_ = nullptr;  // waits for this one to get ready
  uint64_t give_up_ns_ = 0;      // queued until then
  bool queued_ = false;
};

class EndpointPool : private Connection::Observer {
 public:
  struct Options {
    ConnectionOptions connection;
    Duration backoff_base{};
    Duration backoff_max{};
    double backoff_jitter = 0;
    Duration queue_timeout{};
    uint32_t max_queued = 10'000;
    uint32_t worker = 0;  // among those that share out the endpoint's connections
    uint32_t worker_count = 1;
  };
  /// Told on the worker when the endpoint goes down (with the reason) or comes up again.
  using HealthChanged =
      std::function<void(const std::shared_ptr<Endpoint>& endpoint, bool up, const std::string& reason)>;

  EndpointPool(WorkerContext& worker, std::shared_ptr<Endpoint> endpoint, PoolShard& policy, const Options& options,
               HealthChanged health_changed);
  ~EndpointPool();
  EndpointPool(const EndpointPool&) = delete;
  EndpointPool& operator=(const EndpointPool&) = delete;

  /// Lets the policy open what it wants before the first call. Without it, that happens at the first call.
  void Start();

  /// Asks for a stream. Answers the connection, or nullptr: then `waiter` is told, now or later. Waiting ends when the
  /// waiter unlinks itself with Abandon.
  Connection* Acquire(Waiter& waiter);
  void Abandon(Waiter& waiter);

  /// Gives a stream back.
  void Release(Connection& connection);

  /// The peer complained of too many keepalive pings: double the interval from now on (gRFC A8).
  void OnTooManyPings();

  const std::shared_ptr<Endpoint>& endpoint() const { return endpoint_; }
  /// Whether a connect has failed lately and the next one has to wait.
  bool InBackoff() const { return connections_.empty() && backoff_until_ns_ > worker_.now_ns; }
  const std::string& last_failure() const { return last_failure_; }
  uint64_t queue_timeouts() const { return queue_timeouts_; }

 private:
  using WaitList = boost::intrusive::list<Waiter, boost::intrusive::constant_time_size<false>>;

  void OnReady(Connection& connection) override;
  void OnConnectFailed(Connection& connection, const std::string& reason) override;

  myelin_pool_view View();
  Connection* Carry(uint32_t verdict, const myelin_acquire& answer, Waiter& waiter);
  Connection* UseConnection(uint32_t index, Waiter& waiter);
  Connection* UseNew(Waiter& waiter);
  void Enqueue(Waiter& waiter, uint32_t queue_ms);
  void Dequeue(Waiter& waiter);
  Connection* Open();
  void Drop(uint32_t index);
  void DropClosed();
  void Drain(uint32_t index);
  void SetState(uint32_t index, uint32_t state);
  Counter& StateCounter(uint32_t state);
  void StartBackoff();
  void Tick();
  void ServeQueue();
  void ExpireQueue();
  std::string Unreachable() const;

  WorkerContext& worker_;
  std::shared_ptr<Endpoint> endpoint_;
  PoolShard& policy_;
  Options options_;
  HealthChanged health_changed_;
  EndpointCounters& counters_;
  myelin_endpoint abi_endpoint_;

  std::vector<myelin_connection> views_;  // what the policy sees, beside connections_
  std::vector<ConnectionPtr> connections_;
  WaitList binders_;  // wait for a connection that is being opened
  WaitList queue_;    // wait for any stream, oldest first
  uint32_t queued_ = 0;

  uint32_t failures_ = 0;  // connects in a row
  uint64_t backoff_until_ns_ = 0;
  std::string last_failure_;
  uint64_t queue_timeouts_ = 0;
  bool started_ = false;
  bool serving_ = false;

  Timer tick_timer_;
  Timer queue_timer_;
  Timer reconnect_timer_;
};

}  // namespace myelin
