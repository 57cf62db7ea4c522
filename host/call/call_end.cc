// SPDX-License-Identifier: Apache-2.0
//
// The part of Call that gives everything back: to the endpoint and its pool, to the policies, to the counters and the
// log.
#include "base/log_access.h"
#include "call/call.h"
#include "call/failure.h"

namespace myelin {
namespace {

// Policies know the codes of their SDK and may count by them; an upstream sends what it likes.
uint32_t ToldStatus(uint32_t grpc_status) { return static_cast<uint32_t>(StatusIndex(grpc_status)); }

}  // namespace

// Gives the endpoint back and tells the balancer.
void Call::EndPick(uint32_t outcome, uint32_t grpc_status) {
  if (!lease_.held()) return;
  const uint64_t total_ns = proxy_->worker().now_ns - lease_.picked_ns();
  EndpointPool& pool = lease_.pool();
  if (outcome == MYELIN_OUTCOME_REFUSED) outcome = MYELIN_OUTCOME_CONNECT_FAILED;
  EndpointCounters& counters = pool.endpoint()->counters(proxy_->worker().index);
  counters.calls[StatusIndex(grpc_status)].Add();
  counters.latency[LatencyBucket(total_ns)].Add();
  counters.latency_sum_ns.Add(total_ns);
  counters.bytes_sent.Add(sent_.bytes - counted_sent_.bytes);
  counters.bytes_received.Add(received_.bytes - counted_received_.bytes);
  counters.messages_sent.Add(sent_.messages - counted_sent_.messages);
  counters.messages_received.Add(received_.messages - counted_received_.messages);
  counted_sent_ = sent_;
  counted_received_ = received_;
  TellBalancer(outcome, grpc_status, pool.endpoint()->id(), lease_.token(), total_ns);
  last_endpoint_id_ = pool.endpoint()->id();
  if (lease_.connection() == nullptr) pool.Abandon(*this);
  lease_.Return(CountsAsFailure(grpc_status));
  proxy_->AskBalancerAgain(ProxyShard::kAskedPerEnd);
}

void Call::TellBalancer(uint32_t outcome, uint32_t grpc_status, uint64_t endpoint_id, uint64_t token,
                        uint64_t total_ns) {
  const myelin_call_result result{sizeof(myelin_call_result),
                                  outcome,
                                  ToldStatus(grpc_status),
                                  0,
                                  endpoint_id,
                                  token,
                                  first_byte_ns_,
                                  total_ns,
                                  sent_.bytes,
                                  received_.bytes};
  if (picker_) picker_->Tell(result);
  picker_.reset();
  if (tried_.shadowed) TellShadow(result);
}

void Call::TellLimiters(uint32_t outcome, uint32_t grpc_status) {
  const uint64_t total_ns = proxy_->worker().now_ns - admitted_ns_;
  for (size_t i = 0; i < admissions_.size(); ++i) {
    const Admission& admission = admissions_[i];
    const Terms::Limiter& limiter = terms_->limiters[i];
    myelin_call_result result{sizeof(myelin_call_result),
                              outcome,
                              ToldStatus(grpc_status),
                              0,
                              last_endpoint_id_,
                              admission.token,
                              first_byte_ns_,
                              total_ns,
                              sent_.bytes,
                              received_.bytes};
    if (admission.by == Admission::kLimiter) limiter.shard->Tell(result);
    if (admission.by == Admission::kCanary) limiter.trial->candidate->Tell(result);
    if (!admission.shadowed) continue;
    result.token = admission.shadow_token;
    limiter.trial->candidate->Tell(result);
  }
}

void Call::End(uint32_t outcome, uint32_t grpc_status, std::string_view why) {
  if (state_ == State::kEnded || state_ == State::kNew) return;
  state_ = State::kEnded;
  timer_.Stop();
  if (pick_queue_hook_.is_linked()) {
    pick_queue_hook_.unlink();
    --proxy_->pick_queued_;
  }
  ProxyCounters& counters = proxy_->counters();
  counters.in_flight.Subtract();
  if (revision_ != proxy_->revision_) counters.in_flight_old.Subtract();
  counters.calls[StatusIndex(grpc_status)].Add();
  WriteAccessLine(grpc_status, why);
  EndPick(outcome, grpc_status);
  if (tried_.shadowed) TellBalancer(outcome, grpc_status, 0, 0, 0);  // the other balancer has picked nothing
  if (!admissions_.empty()) TellLimiters(outcome, grpc_status);
  CountTrials(outcome, grpc_status);
}

void Call::WriteAccessLine(uint32_t grpc_status, std::string_view why) {
  Logger& log = proxy_->worker().log;
  if (!AccessEnabled(log, settings().access_log)) return;
  AccessRecord record;
  record.proxy = settings().name;
  record.method = request_->path;
  record.peer = request_->peer.text;
  record.endpoint = endpoint();
  record.grpc_status = grpc_status;
  record.message = grpc_status == MYELIN_GRPC_OK ? std::string_view() : why;
  record.duration_ns = proxy_->worker().now_ns - request_->start_ns;
  if (first_byte_ns_ != 0) record.upstream_ns = first_byte_ns_;
  record.bytes_sent = sent_.bytes;
  record.bytes_received = received_.bytes;
  record.attempts = picks_;
  LogAccess(log, settings().access_log, record);
}

}  // namespace myelin
