// SPDX-License-Identifier: Apache-2.0
//
// Decides one call: routes it, asks the limiters to admit it, the balancer for an endpoint, the pool for a stream; and
// when it is over, tells them all how it ended. The only place that talks to policies, the same for every pump.
// Embedded in the pump's own call object; belongs to one worker.
#pragma once

#include <boost/container/small_vector.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "call/call_request.h"
#include "call/lease.h"
#include "call/proxy_shard.h"

namespace myelin {

/// An answer of the proxy's own.
struct Refusal {
  uint32_t grpc_status = MYELIN_GRPC_UNAVAILABLE;
  std::string message;
  int64_t pushback_ms = 0;  // sent as grpc-retry-pushback-ms (gRFC A6) unless 0
};

/// Where a status is counted: those that gRPC does not know count as UNKNOWN.
inline size_t StatusIndex(uint32_t grpc_status) {
  return grpc_status < kGrpcStatusCount ? grpc_status : MYELIN_GRPC_UNKNOWN;
}

class Call final : private Waiter {
 public:
  class Handler {
   public:
    /// A stream on `connection` is the call's: relay it. May come from within Start.
    virtual void OnStream(Connection& connection) = 0;
    /// Answer it with this; the call has ended. May come from within Start.
    virtual void OnRefused(const Refusal& refusal) = 0;

   protected:
    ~Handler() = default;
  };

  explicit Call(Handler& handler);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// Begins. `request` and all that it points to outlive the call.
  void Start(ProxyShard& entry, const CallRequest& request);

  /// The call's own deadline or the proxy's request timeout, whichever is sooner. Monotonic; after Start.
  uint64_t deadline_ns() const { return deadline_ns_; }
  bool request_timeout_is_sooner() const { return deadline_ns_ < request_->deadline_ns; }
  const ProxySettings& settings() const { return terms_->settings; }
  bool ended() const { return state_ == State::kEnded; }
  bool has_stream() const { return state_ == State::kRelaying; }
  /// The endpoint picked, or "".
  std::string_view endpoint() const;

  /// The upstream's response headers have come.
  void OnFirstByte();
  void AddSent(uint64_t bytes, uint64_t messages) {
    sent_.bytes += bytes;
    sent_.messages += messages;
  }
  void AddReceived(uint64_t bytes, uint64_t messages) {
    received_.bytes += bytes;
    received_.messages += messages;
  }

  /// The stream broke and nothing of the call was processed upstream: gives it back and picks again. Answers false, and
  /// does nothing, when the call has had its tries.
  bool PickAgain();
  /// The upstream closed the connection for too many pings.
  void OnTooManyPings();

  /// The call is over, in whatever way: gives everything back, tells the policies, counts, writes the access line.
  /// Waiting ends without a callback. Does nothing the second time. `why` is for the access line of a call that failed.
  void End(uint32_t outcome, uint32_t grpc_status, std::string_view why);

 private:
  friend class ProxyShard;
  struct Traffic {
    uint64_t bytes = 0;
    uint64_t messages = 0;
  };
  /// What a limiter, and one on trial beside it, let pass, and so are to be told the end of.
  struct Admission {
    uint64_t token = 0;
    uint64_t shadow_token = 0;
    enum By : uint8_t { kHost, kLimiter, kCanary } by = kHost;
    bool shadowed = false;  // a shadow admitted it too
    bool judged = false;    // a canary might have decided
    bool canary = false;    // and did
    bool rejected = false;
  };
  /// The part in it of a balancer that is on trial.
  struct Tried {
    TrialPointer<BalancerShard> trial;
    uint64_t shadow_token = 0;
    bool shadowed = false;
    bool canary = false;  // it decides this call
  };
  enum class State { kNew, kDelayed, kPicking, kWaiting, kRelaying, kEnded };
  static constexpr uint32_t kMaxAttempts = 3;

  void OnStream(Connection& connection) override;
  void OnNoStream(NoStream reason, uint32_t grpc_status, std::string_view why) override;
  const myelin_call& FillCall() override;

  void FillAbi(const CallRequest& request);
  void TakeTerms();
  void RefreshMetadata();
  void FillMetadata(const std::vector<std::string>& keys);
  void Admit();
  uint32_t AskLimiter(const Terms::Limiter& limiter, myelin_admit& answer, Admission& admission);
  uint32_t AskLimiterOnTrial(const Terms::Limiter& limiter, myelin_admit& answer, Admission& admission);
  void AdmitAnew();
  void Delay(uint64_t delay_ns);
  void Pick();
  void QueuePick();
  void PickElsewhere(uint32_t grpc_status);
  uint32_t AskBalancer(const Snapshot& snapshot, myelin_pick& answer, PinnedShard<BalancerShard>*& asked);
  uint32_t AskBalancerOnTrial(const Snapshot& snapshot, myelin_pick& answer, PinnedShard<BalancerShard>*& asked);
  void TakeEndpoint(const Endpoint& picked, uint64_t token, PinnedShard<BalancerShard>* picker);
  void TakeStream(Connection& connection);
  const Endpoint* AnyReachable(const Endpoint* except);
  void OnTimer();
  void Refuse(uint32_t grpc_status, std::string_view message, int64_t pushback_ms = 0);
  void EndPick(uint32_t outcome, uint32_t grpc_status);
  void TellBalancer(uint32_t outcome, uint32_t grpc_status, uint64_t endpoint_id, uint64_t token, uint64_t total_ns);
  void TellShadow(const myelin_call_result& result);
  void TellLimiters(uint32_t outcome, uint32_t grpc_status);
  void CountTrials(uint32_t outcome, uint32_t grpc_status);
  void WriteAccessLine(uint32_t grpc_status, std::string_view why);

  Handler& handler_;
  const CallRequest* request_ = nullptr;
  ProxyShard* proxy_ = nullptr;
  TermsPointer terms_;                          // what it was admitted under
  PinnedShard<BalancerShard>::Pointer picker_;  // it picked what the lease holds, so it is told of the end
  Tried tried_;
  uint64_t revision_ = 0;       // of the shard's, when the call came
  uint64_t keys_revision_ = 0;  // of the shard's, when the metadata was looked up
  State state_ = State::kNew;
  uint64_t deadline_ns_ = MYELIN_NO_DEADLINE;
  uint64_t admitted_ns_ = 0;
  uint64_t first_byte_ns_ = 0;  // since the pick
  Traffic sent_;                // to upstreams
  Traffic received_;
  Traffic counted_sent_;  // of these, at the endpoints of earlier picks
  Traffic counted_received_;
  uint64_t pick_queue_until_ns_ = 0;
  uint64_t last_endpoint_id_ = 0;
  uint32_t picks_ = 0;  // of an endpoint
  const Endpoint* last_endpoint_ = nullptr;
  std::shared_ptr<Endpoint> kept_endpoint_;  // the last, while the lease does not hold it
  Lease lease_;
  myelin_call abi_{};
  boost::container::small_vector<myelin_metadata, 4> metadata_;
  boost::container::small_vector<myelin_string, 8> values_;
  boost::container::small_vector<Admission, 4> admissions_;  // by the limiters, in order
  Timer timer_;                                              // delay or pick queue
  PickQueueHook pick_queue_hook_{*this};
};

}  // namespace myelin
