// SPDX-License-Identifier: Apache-2.0
//
// How a call begins and ends; relay_messages.cc has what happens in between.
#include "pump/generic/relay.h"

#include <grpc/support/time.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "pump/generic/connection.h"
#include "pump/generic/timespec.h"

namespace myelin::generic {
namespace {

// The upstream's own DEADLINE_EXCEEDED should win over the proxy's.
constexpr uint64_t kDeadlineGraceNs = 50'000'000;
// A status waits so long for the message before it, then the stream is reset inside the message.
constexpr uint64_t kWriteGraceNs = 200'000'000;
// Eight digits of hours are more than 64 bits of nanoseconds hold.
constexpr int64_t kLongestS = 100LL * 365 * 24 * 3600;

uint64_t ToMonotonic(gpr_timespec deadline, uint64_t now_ns) {
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return MYELIN_NO_DEADLINE;
  gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  left.tv_sec = std::min(left.tv_sec, kLongestS);
  const int64_t left_ns = left.tv_sec * 1'000'000'000 + left.tv_nsec;
  return now_ns + static_cast<uint64_t>(std::max<int64_t>(left_ns, 0));
}

// grpc may tell a call that its connection broke before it tells the channel. So long the two are waited for.
constexpr uint64_t kDoubtNs = 50'000'000;
constexpr uint64_t kDoubtStepNs = 1'000'000;

// Whether grpc may have made this status up because the connection broke. An upstream can send it too, and grpc does
// not tell the two apart; but then the connection is there still.
bool SpeaksOfLostConnection(const grpc::Status& status) {
  constexpr std::array<std::string_view, 6> kWords{"Socket closed",      "Connection reset", "Broken pipe",
                                                   "keepalive watchdog", "GOAWAY received",  "Endpoint read failed"};
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return false;
  const std::string message = status.error_message();
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view words) { return message.find(words) != std::string::npos; });
}

// In the words that grpc has for a GOAWAY; only of a connection that is lost, for an upstream may use them too.
bool SaysTooManyPings(const grpc::Status& status) {
  const std::string message = status.error_message();
  return message.find("GOAWAY received") != std::string::npos && message.find("too_many_pings") != std::string::npos;
}

uint32_t OutcomeOf(const grpc::Status& status, bool headers_seen) {
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && !headers_seen) return MYELIN_OUTCOME_LOST;
  return MYELIN_OUTCOME_SUCCESS;
}

}  // namespace

Relay::Relay(GenericWorker& worker) : worker_(worker) { worker_.AddCall(); }

void Relay::Accept(grpc::AsyncGenericService& service) {
  down_context_.AsyncNotifyWhenDone(static_cast<Event*>(&down_done_event_));
  service.RequestCall(&down_context_, &down_, worker_.queue(), worker_.queue(), Begin(accepted_));
}

void Relay::OnAccepted(bool ok) {
  if (!ok) {  // the server is shutting down; the done event will not come
    down_done_ = true;
    Done();
    return;
  }
  ++operations_;  // the done event
  worker_.Accept();
  DescribeCall();
  call_.Start(worker_.entry(), request_);
  if (!call_.ended()) ArmTimer();
  Done();
}

void Relay::DescribeCall() {
  request_.path = down_context_.method();
  request_.authority = down_context_.host();
  peer_ = down_context_.peer();
  request_.peer = ParsePeer(peer_);
  request_.start_ns = worker_.context().now_ns;
  request_.deadline_ns = ToMonotonic(down_context_.raw_deadline(), request_.start_ns);
  request_.metadata = &metadata_;
  Touch();
}

void Relay::OnRefused(const Refusal& refusal) {
  timer_.Stop();
  if (refusal.pushback_ms != 0) {
    const bool stop = refusal.pushback_ms < 0;
    down_context_.AddTrailingMetadata("grpc-retry-pushback-ms", stop ? "-1" : std::to_string(refusal.pushback_ms));
  }
  status_ = grpc::Status(static_cast<grpc::StatusCode>(refusal.grpc_status), refusal.message);
  have_status_ = true;
  FinishDown();
}

void Relay::OnStream(Connection& connection) {
  connection_ = &static_cast<ChannelConnection&>(connection);
  up_context_.emplace();
  if (!ForwardRequest(down_context_.client_metadata(), *up_context_)) {
    FailWith(MYELIN_OUTCOME_REFUSED, grpc::StatusCode::INTERNAL, "the request's metadata is malformed");
    return;
  }
  if (call_.deadline_ns() != MYELIN_NO_DEADLINE) up_context_->set_deadline(FromMonotonic(call_.deadline_ns()));
  if (!down_context_.host().empty()) up_context_->set_authority(down_context_.host());
  up_ = connection_->stub().PrepareCall(&*up_context_, down_context_.method(), worker_.queue());
  ReadDown();
  worker_.FlushLater(*this);
}

void Relay::FinishUp() {
  if (up_finishing_) return;
  up_finishing_ = true;
  up_->Finish(&up_status_, Begin(up_finished_event_));
}

void Relay::OnUpFinished(bool) {
  up_finished_ = true;
  doubt_until_ns_ = worker_.context().now_ns + kDoubtNs;
  TakeUpStatus();
  Done();
}

void Relay::TakeUpStatus() {
  if (!have_status_) {
    const bool lost = !call_.ended() && SpeaksOfLostConnection(up_status_);
    const uint64_t now_ns = worker_.context().now_ns;
    if (lost && connection_->IsOpen() && now_ns < doubt_until_ns_) {
      worker_.context().timers.Start(timer_, now_ns + kDoubtStepNs);
      return;
    }
    have_status_ = true;
    status_ = up_status_;
    outcome_ = OutcomeOf(status_, up_headers_seen_);
    if (lost && !connection_->IsOpen()) {
      status_ =
          grpc::Status(grpc::StatusCode::UNAVAILABLE, "the connection to endpoint " + std::string(call_.endpoint()) +
                                                          " was lost: " + up_status_.error_message());
      outcome_ = MYELIN_OUTCOME_LOST;
      if (SaysTooManyPings(up_status_)) call_.OnTooManyPings();
    }
    ForwardTrailing(up_context_->GetServerTrailingMetadata(), down_context_);
  }
  AdvanceDown();
}

// The details are among the trailers already; the Status must not carry them a second time.
void Relay::FinishDown() {
  if (down_finishing_ || down_done_) return;
  down_finishing_ = true;
  const grpc::Status status =
      status_.ok() ? grpc::Status::OK : grpc::Status(status_.error_code(), status_.error_message());
  if (downward_.holding) {
    downward_.outgoing.Swap(&downward_.held);
    downward_.holding = false;
    down_.WriteAndFinish(downward_.outgoing, grpc::WriteOptions(), status, Begin(down_finished_));
  } else {
    down_.Finish(status, Begin(down_finished_));
  }
  call_.End(outcome_, static_cast<uint32_t>(status_.error_code()), status_.error_message());
  timer_.Stop();
}

void Relay::OnDownFinished(bool) { Done(); }

// Comes once for every call: the server has sent its status, or the downstream is gone.
void Relay::OnDownDone(bool) {
  down_done_ = true;
  timer_.Stop();
  if (down_context_.IsCancelled()) Conclude();
  Done();
}

void Relay::Conclude() {
  call_.End(MYELIN_OUTCOME_CANCELLED, MYELIN_GRPC_CANCELLED, "the downstream cancelled");
  have_status_ = true;
  if (!up_ || up_finished_) return;
  up_context_->TryCancel();
  if (!up_started_) up_.reset();
}

// The proxy itself ends the call.
void Relay::FailWith(uint32_t outcome, grpc::StatusCode code, const std::string& why) {
  if (have_status_ || down_done_) return;
  have_status_ = true;
  outcome_ = outcome;
  status_ = grpc::Status(code, why);
  downward_.holding = false;
  downward_.held.Clear();
  if (up_context_ && up_ && !up_finished_) {
    up_context_->TryCancel();
    if (!up_started_) up_.reset();
  }
  if (downward_.writing) {
    worker_.context().timers.Start(timer_, worker_.context().now_ns + kWriteGraceNs);
  } else {
    FinishDown();
  }
}

// The downstream takes nothing more of a message that is on its way, so it cannot get a status either.
void Relay::CutDown() {
  call_.End(outcome_, static_cast<uint32_t>(status_.error_code()), status_.error_message());
  down_context_.TryCancel();
}

void Relay::ArmTimer() {
  uint64_t due = MYELIN_NO_DEADLINE;
  if (call_.deadline_ns() != MYELIN_NO_DEADLINE) due = call_.deadline_ns() + kDeadlineGraceNs;
  if (const auto idle = static_cast<uint64_t>(call_.settings().stream_idle_timeout.count())) {
    due = std::min(due, last_activity_ns_ + idle);
  }
  if (due != MYELIN_NO_DEADLINE) worker_.context().timers.Start(timer_, due);
}

void Relay::OnTimer() {
  if (have_status_) {
    if (!down_finishing_ && !down_done_) CutDown();
    return;
  }
  if (up_finished_) {
    TakeUpStatus();
    return;
  }
  const uint64_t now = worker_.context().now_ns;
  if (call_.deadline_ns() != MYELIN_NO_DEADLINE && now >= call_.deadline_ns() + kDeadlineGraceNs) {
    const std::string why =
        call_.request_timeout_is_sooner()
            ? "no answer within " + FormatDuration(call_.settings().request_timeout) + " (timeouts.request)"
            : "the call's deadline passed";
    FailWith(MYELIN_OUTCOME_DEADLINE, grpc::StatusCode::DEADLINE_EXCEEDED, why);
    return;
  }
  const auto idle = static_cast<uint64_t>(call_.settings().stream_idle_timeout.count());
  if (idle != 0 && now >= last_activity_ns_ + idle) {
    FailWith(MYELIN_OUTCOME_DEADLINE, grpc::StatusCode::DEADLINE_EXCEEDED,
             "no message for " + FormatDuration(call_.settings().stream_idle_timeout) + " (timeouts.stream_idle)");
    return;
  }
  ArmTimer();
}

void Relay::Done() {
  if (--operations_ > 0) return;
  if (!down_done_) return;
  worker_.RemoveCall();
  delete this;
}

}  // namespace myelin::generic
