// SPDX-License-Identifier: Apache-2.0
//
// The part of Relay that answers in the proxy's own name: refusals, deadlines, lost upstreams.
#include "pump/frame/down_connection.h"
#include "pump/frame/grpc_text.h"
#include "pump/frame/relay.h"
#include "pump/frame/session_callbacks.h"
#include "pump/frame/up_connection.h"
#include "pump/frame/worker.h"

namespace myelin::frame {
namespace {

// The upstream's own DEADLINE_EXCEEDED should win over the proxy's.
constexpr uint64_t kDeadlineGraceNs = 50'000'000;

}  // namespace

void Relay::OnRefused(const Refusal& refusal) {
  timer_.Stop();
  DetachUp(NGHTTP2_CANCEL);
  AnswerAlone(refusal.grpc_status, refusal.message, refusal.pushback_ms);
}

// Trailers-Only, in the content type of the request, for some clients refuse another.
void Relay::AnswerAlone(uint32_t grpc_status, const std::string& message, int64_t pushback_ms) {
  const std::string status = std::to_string(grpc_status);
  const std::string text = PercentEncode(message);
  const std::string pushback = pushback_ms < 0 ? "-1" : std::to_string(pushback_ms);
  Fields fields{Copied(":status", "200"), Copied("content-type", request_headers_.Find("content-type")),
                Copied("grpc-status", status)};
  if (!text.empty()) fields.push_back(Copied("grpc-message", text));
  if (pushback_ms != 0) fields.push_back(Copied("grpc-retry-pushback-ms", pushback));
  SubmitAnswer(fields);
}

void Relay::AnswerHttp(std::string_view status, std::string_view text) {
  refused_ = true;
  if (request_headers_.Find(":method") == "HEAD") {
    SubmitAnswer({Copied(":status", status)});
    return;
  }
  response_begun_ = true;
  downward_.ended = true;
  downward_.queue.Append(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  down_.AddWaiting(text.size());
  const Fields fields{Copied(":status", status), Copied("content-type", "text/plain")};
  const nghttp2_data_provider provider = ProviderOf(to_downstream_);
  nghttp2_submit_response(down_.h2(), down_id_, fields.data(), fields.size(), &provider);
  down_.MarkDirty();
}

void Relay::SubmitAnswer(const Fields& fields) {
  if (response_begun_ || down_closed_) return;
  response_begun_ = true;
  downward_.ended = true;
  nghttp2_submit_response(down_.h2(), down_id_, fields.data(), fields.size(), nullptr);
  down_.MarkDirty();
}

void Relay::Fail(uint32_t outcome, uint32_t grpc_status, const std::string& why) {
  if (down_closed_ || own_end_ || reset_due_) return;
  timer_.Stop();
  const bool answered_whole = downward_.ended;
  DetachUp(NGHTTP2_CANCEL);
  call_.End(outcome, grpc_status, why);
  if (answered_whole) {  // all of the answer is here, and the downstream does not take it
    down_.Reset(down_id_, NGHTTP2_CANCEL);
  } else if (!response_begun_) {
    AnswerAlone(grpc_status, why, 0);
  } else {
    KeepQueued(outcome == MYELIN_OUTCOME_DEADLINE ? 0 : WholeMessages());
    own_end_ = true;
    own_status_ = grpc_status;
    own_message_ = why;
    down_.Resume(down_id_);
  }
}

// How much of what is queued can be followed by a status: up to the end of the last message, or all of it where the
// downstream has a part already and the rest is missing.
size_t Relay::WholeMessages() const {
  MessageCursor cursor = sent_down_;
  size_t at = 0;
  size_t whole = cursor.BetweenMessages() ? 0 : downward_.queue.size();
  downward_.queue.ForPrefix(downward_.queue.size(), [&](const uint8_t* data, size_t size) {
    for (size_t done = 0; done < size;) {
      const size_t part = cursor.Step(data + done, size - done);
      done += part;
      at += part;
      if (cursor.BetweenMessages()) whole = at;
    }
  });
  return whole;
}

void Relay::KeepQueued(size_t bytes) {
  down_.RemoveWaiting(downward_.queue.size() - bytes);
  ByteQueue kept(down_.worker().buffers());
  downward_.queue.MoveTo(kept, bytes);
  downward_.queue = std::move(kept);
}

void Relay::OnUpOversizedHeaders() {
  Fail(MYELIN_OUTCOME_LOST, MYELIN_GRPC_INTERNAL, "the upstream's headers are larger than what is accepted");
}

void Relay::ArmTimer() {
  uint64_t due = MYELIN_NO_DEADLINE;
  if (call_.deadline_ns() != MYELIN_NO_DEADLINE) due = call_.deadline_ns() + kDeadlineGraceNs;
  if (const auto idle = static_cast<uint64_t>(call_.settings().stream_idle_timeout.count())) {
    due = std::min(due, last_activity_ns_ + idle);
  }
  if (due != MYELIN_NO_DEADLINE) down_.worker().context().timers.Start(timer_, due);
}

void Relay::OnTimer() {
  if (refused_) {
    down_.Reset(down_id_, NGHTTP2_NO_ERROR);
    return;
  }
  if (call_.deadline_ns() != MYELIN_NO_DEADLINE && now_ns() >= call_.deadline_ns() + kDeadlineGraceNs) {
    Fail(MYELIN_OUTCOME_DEADLINE, MYELIN_GRPC_DEADLINE_EXCEEDED,
         call_.request_timeout_is_sooner()
             ? "no answer within " + FormatDuration(call_.settings().request_timeout) + " (timeouts.request)"
             : "the call's deadline passed");
    return;
  }
  const auto idle = static_cast<uint64_t>(call_.settings().stream_idle_timeout.count());
  if (idle != 0 && now_ns() >= last_activity_ns_ + idle) {
    Fail(MYELIN_OUTCOME_DEADLINE, MYELIN_GRPC_DEADLINE_EXCEEDED,
         "no message for " + FormatDuration(call_.settings().stream_idle_timeout) + " (timeouts.stream_idle)");
    return;
  }
  ArmTimer();
}

}  // namespace myelin::frame
