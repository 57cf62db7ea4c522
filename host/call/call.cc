// SPDX-License-Identifier: Apache-2.0
#include "call/call.h"

#include <algorithm>

namespace myelin {
namespace {

myelin_string View(std::string_view text) { return {text.data(), text.size()}; }
std::string_view View(const myelin_string& text) { return {text.data, text.size}; }

}  // namespace

Call::Call(Handler& handler)
    : handler_(handler), timer_([](void* self) { static_cast<Call*>(self)->OnTimer(); }, this) {}

Call::~Call() {
  if (state_ != State::kNew) End(MYELIN_OUTCOME_LOST, MYELIN_GRPC_INTERNAL, "the call was dropped");
}

void Call::Start(ProxyShard& entry, const CallRequest& request) {
  request_ = &request;
  proxy_ = &entry.RouteFor(request);
  revision_ = proxy_->revision_;
  TakeTerms();
  state_ = State::kPicking;
  proxy_->counters().in_flight.Add();
  deadline_ns_ = request.deadline_ns;
  if (const auto timeout = static_cast<uint64_t>(settings().request_timeout.count())) {
    deadline_ns_ = std::min(deadline_ns_, request.start_ns + timeout);
  }
  FillAbi(request);
  Admit();
}

void Call::FillAbi(const CallRequest& request) {
  abi_.struct_size = sizeof(myelin_call);
  abi_.start_ns = request.start_ns;
  abi_.deadline_ns = deadline_ns_;
  abi_.path = View(request.path);
  const MethodName name = SplitPath(request.path);
  abi_.service = View(name.service);
  abi_.method = View(name.method);
  abi_.authority = View(request.authority);
  abi_.peer = View(request.peer.text);
  std::copy(request.peer.ip.begin(), request.peer.ip.end(), abi_.peer_ip);
  abi_.peer_family = request.peer.family;
  abi_.peer_port = request.peer.port;
}

void Call::TakeTerms() {
  terms_ = proxy_->terms_;
  keys_revision_ = proxy_->revision_;
  FillMetadata(terms_->keys);
}

void Call::FillMetadata(const std::vector<std::string>& keys) {
  metadata_.clear();
  values_.clear();
  for (const std::string& key : keys) {
    const size_t before = values_.size();
    if (request_->metadata != nullptr && !key.empty()) {
      request_->metadata->ForEach(
          key, [](void* self, std::string_view value) { static_cast<Call*>(self)->values_.push_back(View(value)); },
          this);
    }
    metadata_.push_back({static_cast<uint32_t>(values_.size() - before), 0, nullptr});
  }
  const myelin_string* next = values_.data();  // only now, for the values moved while they were gathered
  for (myelin_metadata& entry : metadata_) {
    entry.values = next;
    next += entry.count;
  }
  abi_.metadata = metadata_.data();
  abi_.metadata_count = static_cast<uint32_t>(metadata_.size());
  abi_.metadata_stride = sizeof(myelin_metadata);
}

// The policies that are asked from a pick on may look for other keys than those that admitted the call.
void Call::RefreshMetadata() {
  if (keys_revision_ == proxy_->revision_) return;
  keys_revision_ = proxy_->revision_;
  FillMetadata(proxy_->terms_->keys);
}

const myelin_call& Call::FillCall() {
  if (state_ == State::kWaiting) RefreshMetadata();
  abi_.now_ns = proxy_->worker().now_ns;
  abi_.random = proxy_->worker().random.Next();
  return abi_;
}

void Call::Admit() {
  while (admissions_.size() < terms_->limiters.size()) {
    const Terms::Limiter& limiter = terms_->limiters[admissions_.size()];
    LimiterCounters& counters = *limiter.counters;
    if (limiter.shard->get() == nullptr) return AdmitAnew();
    myelin_admit answer{};
    answer.struct_size = sizeof(myelin_admit);
    Admission admission;
    const uint32_t verdict = AskLimiter(limiter, answer, admission);
    if (admissions_.empty()) admitted_ns_ = proxy_->worker().now_ns;
    if (verdict == MYELIN_ADMIT_REJECT) {
      counters.rejected.Add();
      admission.by = Admission::kHost;
      admission.rejected = true;
      if (admission.shadowed || admission.judged) admissions_.push_back(admission);
      const uint32_t status = answer.status == 0 ? MYELIN_GRPC_RESOURCE_EXHAUSTED : answer.status;
      Refuse(static_cast<uint32_t>(StatusIndex(status)), View(answer.message), answer.pushback_ms);
      return;
    }
    if (verdict == kHostDecides) admission.by = Admission::kHost;
    admission.token = answer.token;
    admissions_.push_back(admission);
    counters.admitted.Add();
    if (verdict == MYELIN_ADMIT_DELAY && answer.delay_ns > 0) {
      counters.delayed.Add();
      Delay(answer.delay_ns);
      return;
    }
  }
  Pick();
}

uint32_t Call::AskLimiter(const Terms::Limiter& limiter, myelin_admit& answer, Admission& admission) {
  if (limiter.trial && limiter.trial->on()) [[unlikely]]
    return AskLimiterOnTrial(limiter, answer, admission);
  admission.by = Admission::kLimiter;
  return limiter.shard->get()->Admit(FillCall(), answer);
}

// It was held so long that the limiters it has yet to pass have been replaced and let go.
void Call::AdmitAnew() {
  TellLimiters(MYELIN_OUTCOME_REFUSED, MYELIN_GRPC_UNAVAILABLE);
  admissions_.clear();
  TakeTerms();
  Admit();
}

void Call::Delay(uint64_t delay_ns) {
  constexpr uint64_t kLongest = 3600ULL * 1'000'000'000;
  state_ = State::kDelayed;
  proxy_->worker().timers.Start(timer_, proxy_->worker().now_ns + std::min(delay_ns, kLongest));
}

void Call::OnTimer() {
  if (state_ == State::kDelayed) {
    Admit();
    return;
  }
  proxy_->counters().queue_timeouts.Add();
  Refuse(MYELIN_GRPC_UNAVAILABLE,
         "the balancer found no endpoint within " + FormatDuration(settings().queue_timeout) + " (timeouts.queue)");
}

void Call::Pick() {
  timer_.Stop();
  state_ = State::kPicking;
  RefreshMetadata();
  if (!proxy_->snapshot_ || proxy_->snapshot_->size() == 0) {
    Refuse(MYELIN_GRPC_UNAVAILABLE, proxy_->NothingReachable());
    return;
  }
  const std::shared_ptr<const Snapshot>& snapshot = proxy_->snapshot_;
  myelin_pick answer{};
  answer.struct_size = sizeof(myelin_pick);
  PinnedShard<BalancerShard>* asked = nullptr;
  const uint32_t verdict = AskBalancer(*snapshot, answer, asked);
  if (verdict == MYELIN_PICK_QUEUE) {
    QueuePick();
  } else if (verdict == MYELIN_PICK_FAIL) {
    const uint32_t status = answer.status == 0 ? MYELIN_GRPC_UNAVAILABLE : answer.status;
    Refuse(static_cast<uint32_t>(StatusIndex(status)), View(answer.message));
  } else {
    TakeEndpoint(*snapshot->endpoint(answer.index), answer.token, verdict == MYELIN_PICK ? asked : nullptr);
  }
}

uint32_t Call::AskBalancer(const Snapshot& snapshot, myelin_pick& answer, PinnedShard<BalancerShard>*& asked) {
  const TrialPointer<BalancerShard>& trial = proxy_->balancer_trial_;
  if (trial && trial->on()) [[unlikely]]
    return AskBalancerOnTrial(snapshot, answer, asked);
  asked = proxy_->balancer_.get();
  return asked->get()->Pick(snapshot.abi(), FillCall(), answer);
}

void Call::QueuePick() {
  const bool anew = pick_queue_until_ns_ == 0;
  if (anew && proxy_->pick_queued_ >= settings().max_queued) {
    Refuse(MYELIN_GRPC_UNAVAILABLE, "too many calls wait for the balancer to find an endpoint (limits.max_queued)");
    return;
  }
  state_ = State::kWaiting;
  if (pick_queue_until_ns_ == 0) {
    pick_queue_until_ns_ = proxy_->worker().now_ns + static_cast<uint64_t>(settings().queue_timeout.count());
  }
  proxy_->pick_queue_.push_back(pick_queue_hook_);
  ++proxy_->pick_queued_;
  proxy_->worker().timers.Start(timer_, pick_queue_until_ns_);
}

// A snapshot can be older than a failed connect; then another endpoint is tried before the call is given up.
void Call::TakeEndpoint(const Endpoint& picked, uint64_t token, PinnedShard<BalancerShard>* picker) {
  const Endpoint* endpoint = &picked;
  if (picker != nullptr) picker_ = picker;
  if (proxy_->pool_of(picked).InBackoff()) {
    TellBalancer(MYELIN_OUTCOME_CONNECT_FAILED, MYELIN_GRPC_UNAVAILABLE, picked.id(), token, 0);
    endpoint = AnyReachable(&picked);
    token = 0;
    if (endpoint == nullptr) {
      Refuse(MYELIN_GRPC_UNAVAILABLE, proxy_->NothingReachable());
      return;
    }
  }
  ++picks_;
  last_endpoint_ = endpoint;
  EndpointPool& pool = proxy_->pool_of(*endpoint);
  lease_ = Lease(pool, token, proxy_->worker().now_ns);
  if (admitted_ns_ == 0) admitted_ns_ = proxy_->worker().now_ns;
  state_ = State::kWaiting;
  if (Connection* connection = pool.Acquire(*this)) TakeStream(*connection);
}

const Endpoint* Call::AnyReachable(const Endpoint* except) {
  if (!proxy_->snapshot_ || proxy_->snapshot_->size() == 0) return nullptr;
  const Snapshot& snapshot = *proxy_->snapshot_;
  const uint32_t first = static_cast<uint32_t>(proxy_->worker().random.Next() % snapshot.size());
  for (uint32_t i = 0; i < snapshot.size(); ++i) {
    const Endpoint& endpoint = *snapshot.endpoint((first + i) % snapshot.size());
    if (&endpoint == except || endpoint.weight() == 0) continue;
    if (!proxy_->pool_of(endpoint).InBackoff()) return &endpoint;
  }
  return nullptr;
}

void Call::TakeStream(Connection& connection) {
  lease_.Attach(connection);
  state_ = State::kRelaying;
  handler_.OnStream(connection);
}

void Call::OnStream(Connection& connection) { TakeStream(connection); }

void Call::OnNoStream(NoStream reason, uint32_t grpc_status, std::string_view why) {
  const bool elsewhere = reason == NoStream::kUnreachable || reason == NoStream::kQueueFull;
  const bool again = elsewhere && picks_ < kMaxAttempts && AnyReachable(&lease_.endpoint()) != nullptr;
  if (reason == NoStream::kQueueTimeout) proxy_->counters().queue_timeouts.Add();
  if (!again) {
    Refuse(static_cast<uint32_t>(StatusIndex(grpc_status)), why);
    return;
  }
  PickElsewhere(grpc_status);
}

std::string_view Call::endpoint() const {
  return last_endpoint_ == nullptr ? std::string_view() : std::string_view(last_endpoint_->address());
}

void Call::OnFirstByte() {
  if (first_byte_ns_ != 0 || !lease_.held()) return;
  first_byte_ns_ = std::max<uint64_t>(proxy_->worker().now_ns - lease_.picked_ns(), 1);
  lease_.endpoint().AddLatency(first_byte_ns_);
}

// The access line may name an endpoint that has been taken out meanwhile.
void Call::PickElsewhere(uint32_t grpc_status) {
  kept_endpoint_ = lease_.pool().endpoint();
  EndPick(MYELIN_OUTCOME_CONNECT_FAILED, grpc_status);
  ++abi_.attempt;
  Pick();
}

bool Call::PickAgain() {
  if (state_ != State::kRelaying || picks_ >= kMaxAttempts) return false;
  PickElsewhere(MYELIN_GRPC_UNAVAILABLE);
  return true;
}

void Call::OnTooManyPings() {
  if (lease_.connection() != nullptr) lease_.pool().OnTooManyPings(*lease_.connection());
}

void Call::Refuse(uint32_t grpc_status, std::string_view message, int64_t pushback_ms) {
  Refusal refusal{grpc_status, std::string(message), pushback_ms};
  proxy_->counters().refused_by_host.Add();
  End(MYELIN_OUTCOME_REFUSED, grpc_status, refusal.message);
  handler_.OnRefused(refusal);
}

}  // namespace myelin
