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

/// Why a call that wanted a stream gets none.
enum class NoStream {
  kUnreachable,   // nothing was sent; another endpoint may do better
  kQueueFull,     // as kUnreachable, but for the calls that wait already
  kQueueTimeout,  // it has waited as long as it may
  kRefused,       // by the pool policy
};

/// A call that wants a stream. Linked while it waits; unlinks itself when destroyed.
class Waiter : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  /// A stream on `connection` is reserved for it.
  virtual void OnStream(Connection& connection) = 0;
  virtual void OnNoStream(NoStream reason, uint32_t grpc_status, std::string_view why) = 0;
  /// What the pool policy is asked with; filled in anew at each call.
  virtual const myelin_call& FillCall() = 0;

 protected:
  ~Waiter() = default;

 private:
  friend class EndpointPool;
  Connection* bound_ = nullptr;  // waits for this one to get ready
  uint64_t give_up_ns_ = 0;      // queued until then; 0: not queued since Acquire
  uint64_t wait_ns_ = 0;         // how long that is
  bool queued_ = false;
};

class EndpointPool final : private Connection::Observer {
 public:
  struct Options {
    ConnectionOptions connection;
    Duration backoff_base{};
    Duration backoff_max{};
    double backoff_jitter = 0;
    Duration queue_timeout{};
    uint32_t max_queued = 10'000;
    uint32_t max_connections = 10'000;  // whatever the policy wants
    uint32_t worker = 0;                // among those that share out the endpoint's connections
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

  /// Another policy decides from now on, about the connections there are too.
  void SetPolicy(PoolShard& policy);
  /// Connects and calls that begin to wait from now on go by `options`.
  void SetOptions(const Options& options);

  /// Asks for a stream. Answers the connection, or nullptr: then `waiter` is told, now or later. Waiting ends when the
  /// waiter unlinks itself with Abandon.
  Connection* Acquire(Waiter& waiter);
  void Abandon(Waiter& waiter);

  /// Its endpoint was taken out: calls that wait are told, streams finish, connections close after their last.
  /// `gone` is called when none is left, now or later, and may not delete the pool at once. Nothing is asked of it
  /// afterwards.
  void Retire(std::function<void()> gone);
  bool IsGone() const { return retired_ && connections_.empty(); }

  /// Gives a stream back.
  void Release(Connection& connection);

  /// The peer closed `connection` for too many keepalive pings: double the interval from now on (gRFC A8). Once for all
  /// the connections that were opened with the same interval, however many calls tell of it.
  void OnLeaving(Connection& connection) override;
  void OnTooManyPings(Connection& connection) override;

  const std::shared_ptr<Endpoint>& endpoint() const { return endpoint_; }
  /// Whether a connect has failed lately and the next one has to wait.
  bool InBackoff() const { return backoff_until_ns_ > worker_.now_ns && !HasLive(); }
  const std::string& last_failure() const { return last_failure_; }

 private:
  static constexpr uint64_t kTickNs = 1'000'000'000;
  // The extra tick after a connection has closed comes so much later, so that a pool that closes and opens at every
  // tick cannot keep the worker busy.
  static constexpr uint64_t kTickAfterCloseNs = 10'000'000;
  // What a connection takes before the peer has said what it allows; RFC 9113 recommends peers to allow no less.
  static constexpr uint32_t kStreamsBeforeSettings = 100;

  using WaitList = boost::intrusive::list<Waiter, boost::intrusive::constant_time_size<false>>;

  void OnReady(Connection& connection) override;
  void OnConnectFailed(Connection& connection, const std::string& reason) override;
  void OnStreamLimit(Connection& connection, uint32_t limit) override;

  /// Whether there is a connection that takes calls or may soon.
  bool HasLive() const;
  bool IsFull() const { return connections_.size() >= options_.max_connections; }
  bool InBackoffWithOthers() const { return backoff_until_ns_ > worker_.now_ns && HasLive(); }
  myelin_pool_view View();
  Connection* Ask(Waiter& waiter);
  Connection* Carry(uint32_t verdict, const myelin_acquire& answer, Waiter& waiter);
  bool IsFull(uint32_t index) const { return views_[index].streams >= views_[index].stream_limit; }
  Connection* UseConnection(uint32_t index, Waiter& waiter);
  Connection* UseNew(Waiter& waiter);
  void Enqueue(Waiter& waiter, uint32_t queue_ms);
  void Dequeue(Waiter& waiter);
  void TakeQueue(WaitList& into);
  void TakeBinders(const Connection& connection, WaitList& into);
  void TakeSurplus(const Connection& connection, WaitList& binders, WaitList& into);
  Connection* Open();
  void OpenBesides(uint32_t count);
  void Drop(uint32_t index);
  void DropClosed();
  void Drain(uint32_t index);
  void SetState(uint32_t index, uint32_t state);
  Counter& StateCounter(uint32_t state);
  void StartBackoff(uint64_t opened_ns);
  uint64_t NextBackoff();
  void TellHealth(bool up);
  void Tick();
  void CarryOut(const myelin_tick& tick, uint32_t connection_count);
  void ServeQueue();
  void ExpireQueue();
  std::string Unreachable() const;
  std::string TimedOut(const Waiter& waiter) const;

  // First what every call touches.
  WorkerContext& worker_;
  std::shared_ptr<Endpoint> endpoint_;
  PoolShard* policy_;
  EndpointCounters& counters_;
  std::vector<myelin_connection> views_;  // what the policy sees, beside connections_
  std::vector<ConnectionPtr> connections_;
  uint32_t queued_ = 0;
  bool started_ = false;
  bool serving_ = false;
  bool retired_ = false;
  bool told_down_ = false;  // and not yet that it is up again
  uint64_t backoff_until_ns_ = 0;
  Options options_;
  Duration configured_keepalive_;  // options_ has a longer one when the peer complained
  myelin_endpoint abi_endpoint_;

  HealthChanged health_changed_;
  std::function<void()> gone_;
  WaitList binders_;       // wait for a connection that is being opened
  WaitList queue_;         // wait for any stream, oldest first
  uint32_t failures_ = 0;  // rounds of connects in a row
  uint64_t backoff_since_ns_ = 0;
  uint64_t last_pinged_id_ = 0;  // newest connection with the keepalive interval that the peer complained of
  uint64_t queue_timer_due_ns_ = 0;
  std::string last_failure_;

  Timer tick_timer_;
  Timer queue_timer_;
  Timer reconnect_timer_;
};

}  // namespace myelin
