// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/relay.h"

#include <algorithm>
#include <utility>

#include "pump/frame/down_connection.h"
#include "pump/frame/grpc_text.h"
#include "pump/frame/session_callbacks.h"
#include "pump/frame/up_connection.h"
#include "pump/frame/worker.h"

namespace myelin::frame {
namespace {

constexpr uint64_t kLingerNs = 1'000'000'000;

bool IsInformational(std::string_view status) { return status.size() == 3 && status[0] == '1'; }

}  // namespace

Relay::Relay(DownConnection& down, int32_t stream_id, HeaderBlock request, bool ended)
    : down_(down),
      down_id_(stream_id),
      request_headers_(std::move(request)),
      upward_(down.worker().buffers()),
      downward_(down.worker().buffers()),
      replay_(down.worker().buffers()) {
  upward_.ended = ended;
}

Relay::~Relay() = default;

void* Relay::operator new(size_t size, BufferPool& pool) {
  static_assert(sizeof(Relay) <= 4096 && alignof(Relay) <= alignof(Buffer));
  return pool.Take(size)->data();
}

void Relay::operator delete(void* memory) {
  Buffer* buffer = static_cast<Buffer*>(memory) - 1;
  buffer->pool->Give(buffer);
}

uint64_t Relay::now_ns() const { return down_.worker().context().now_ns; }

void Relay::Start(ProxyShard& entry) {
  DescribeCall();
  if (RefuseContent()) return;
  call_.Start(entry, request_);
  if (!call_.ended()) ArmTimer();
}

void Relay::DescribeCall() {
  request_.path = request_headers_.Find(":path");
  request_.authority = request_headers_.Find(":authority");
  if (request_.authority.empty()) request_.authority = request_headers_.Find("host");
  request_.peer = down_.peer();
  request_.start_ns = now_ns();
  if (const auto timeout = ParseTimeout(request_headers_.Find("grpc-timeout"))) {
    request_.deadline_ns = request_.start_ns + *timeout;
  }
  request_.metadata = &request_headers_;
  last_activity_ns_ = request_.start_ns;
}

bool Relay::RefuseContent() {
  if (request_headers_.Find(":method") != "POST") {
    AnswerHttp("405", "This is a gRPC proxy: it takes POST only.\n");
  } else if (!IsGrpcContent(request_headers_.Find("content-type"))) {
    AnswerHttp("415", "This is a gRPC proxy: it takes content of type application/grpc only.\n");
  } else {
    return false;
  }
  return true;
}

void Relay::OnStream(Connection& connection) {
  up_ = &static_cast<UpConnection&>(connection);
  if (up_->IsOpen() && SubmitRequest()) {
    up_->Add(*this);
    return;
  }
  std::exchange(up_, nullptr)->Leave();
  if (!call_.PickAgain()) {
    Fail(MYELIN_OUTCOME_LOST, MYELIN_GRPC_UNAVAILABLE, "no stream could be opened to " + std::string(call_.endpoint()));
  }
}

bool Relay::SubmitRequest() {
  const std::string timeout = ForwardedTimeout();
  const bool has_authority = !request_headers_.Find(":authority").empty();
  Fields fields;
  for (const HeaderBlock::Field& field : request_headers_.fields()) {
    if (field.name == ":scheme") {
      fields.push_back(Copied(":scheme", "http"));
    } else if (field.name == "host") {
      if (!has_authority) fields.insert(fields.begin(), Copied(":authority", field.value));
    } else if (field.name != "grpc-timeout" || timeout.empty()) {
      fields.push_back(Borrow(field));
    }
  }
  if (!timeout.empty()) fields.push_back(Copied("grpc-timeout", timeout));
  const nghttp2_data_provider provider = ProviderOf(to_upstream_);
  const bool alone = upward_.ended && !upward_.has_trailers && upward_.queue.empty();
  up_mark_ = up_->appended();
  up_end_sent_ = false;
  up_id_ = nghttp2_submit_request(up_->h2(), nullptr, fields.data(), fields.size(), alone ? nullptr : &provider,
                                  static_cast<Relay*>(this));
  if (up_id_ < 0) return false;
  up_->MarkDirty();
  return true;
}

// What is left of the call's time, if that differs from what the request says; "" if not.
std::string Relay::ForwardedTimeout() const {
  if (call_.deadline_ns() == MYELIN_NO_DEADLINE) return "";
  const bool as_it_came = call_.deadline_ns() == request_.deadline_ns && now_ns() == request_.start_ns;
  if (as_it_came) return "";
  return FormatTimeout(call_.deadline_ns() > now_ns() ? call_.deadline_ns() - now_ns() : 0);
}

void Relay::OnDownData(const uint8_t* data, size_t size) {
  if (call_.ended() || refused_) {
    down_.Release(down_id_, size);
    return;
  }
  Touch();
  upward_.queue.Append(data, size);
  if (up_ != nullptr) up_->Resume(up_id_);
}

void Relay::OnDownTrailers(HeaderBlock trailers) {
  upward_.trailers = std::move(trailers);
  upward_.has_trailers = true;
  OnDownEnd();
}

void Relay::OnDownEnd() {
  upward_.ended = true;
  if (up_ != nullptr) up_->Resume(up_id_);
}

// A client that has not finished need not: nobody reads it any more. One that does not speak gRPC may take the reset
// for a failure before it looks at the answer, so it is given some time.
void Relay::OnDownEndSent() {
  if (upward_.ended) return;
  if (refused_) {
    down_.worker().context().timers.Start(timer_, now_ns() + kLingerNs);
  } else {
    down_.Reset(down_id_, NGHTTP2_NO_ERROR);
  }
}

void Relay::OnDownClosed(uint32_t error_code) {
  down_closed_ = true;
  timer_.Stop();
  down_.RemoveWaiting(downward_.queue.size());
  down_.Withdraw(std::exchange(up_window_, 0));
  DetachUp(error_code == NGHTTP2_NO_ERROR ? static_cast<uint32_t>(NGHTTP2_CANCEL) : error_code);
  call_.End(MYELIN_OUTCOME_CANCELLED, MYELIN_GRPC_CANCELLED, "the downstream cancelled");
  RelayHook<DownTag>::unlink();
  down_.worker().Dispose(*this);
}

void Relay::OnUpHeaders(HeaderBlock block, bool end) {
  Touch();
  if (response_begun_) {
    downward_.trailers = std::move(block);
    downward_.has_trailers = true;
    if (end) OnUpEnd();
  } else if (end || !IsInformational(block.Find(":status"))) {
    BeginResponse(std::move(block), end);
  }
}

void Relay::BeginResponse(HeaderBlock block, bool end) {
  call_.OnFirstByte();
  ForgetReplay();
  response_begun_ = true;
  response_headers_ = std::move(block);
  Fields fields;
  for (const HeaderBlock::Field& field : response_headers_.fields()) fields.push_back(Borrow(field));
  const nghttp2_data_provider provider = ProviderOf(to_downstream_);
  nghttp2_submit_response(down_.h2(), down_id_, fields.data(), fields.size(), end ? nullptr : &provider);
  down_.MarkDirty();
  if (!end) return;
  downward_.ended = true;
  FinishFromUpstream(response_headers_);
}

void Relay::OnUpData(const uint8_t* data, size_t size) {
  Touch();
  call_.AddReceived(size, received_.Advance(data, size));
  downward_.queue.Append(data, size);
  down_.AddWaiting(size);
  down_.Resume(down_id_);
}

void Relay::OnUpEnd() {
  downward_.ended = true;
  FinishFromUpstream(downward_.has_trailers ? downward_.trailers : response_headers_);
  down_.Resume(down_id_);
}

// The upstream has said all. What it said is still on its way down.
void Relay::FinishFromUpstream(const HeaderBlock& last) {
  const std::string_view status = last.Find("grpc-status");
  const uint32_t code = status.empty() ? StatusOfHttp(response_headers_.Find(":status")) : ParseStatus(status);
  const std::string why(last.Find("grpc-message"));
  DetachUp(NGHTTP2_NO_ERROR);
  call_.End(MYELIN_OUTCOME_SUCCESS, code, why);
}

void Relay::OnUpClosed(uint32_t error_code) {
  const bool untouched = up_->written() <= up_mark_;  // a GOAWAY came before the request had left
  RelayHook<UpTag>::unlink();
  std::exchange(up_, nullptr)->Release(up_id_, downward_.queue.size());
  if (call_.ended()) return;
  if (malformed_) {
    Fail(MYELIN_OUTCOME_LOST, MYELIN_GRPC_INTERNAL, "the upstream's answer is malformed");
    return;
  }
  const bool refused = error_code == NGHTTP2_REFUSED_STREAM;
  if ((refused || untouched) && Retry()) return;
  const std::string why = std::string("the upstream reset the stream: ") + nghttp2_http2_strerror(error_code);
  DetachUp(NGHTTP2_CANCEL);
  call_.End(MYELIN_OUTCOME_LOST, StatusOfReset(error_code), why);
  reset_due_ = true;
  reset_code_ = error_code == NGHTTP2_NO_ERROR ? static_cast<uint32_t>(NGHTTP2_INTERNAL_ERROR) : error_code;
  if (response_begun_) {
    down_.Resume(down_id_);
  } else {
    down_.Reset(down_id_, reset_code_);
  }
}

void Relay::OnUpLost(const std::string& why) {
  const bool untouched = up_->written() <= up_mark_;
  RelayHook<UpTag>::unlink();
  up_ = nullptr;
  if (call_.ended()) return;
  const std::string text = "the connection to " + std::string(call_.endpoint()) + " was lost: " + why;
  if (untouched && Retry()) return;
  Fail(MYELIN_OUTCOME_LOST, MYELIN_GRPC_UNAVAILABLE, text);
}

// Rule 17: only where the upstream has provably not processed the call, and all of it is still here.
bool Relay::Retry() {
  if (!may_replay_ || response_begun_) return false;
  replayed_ += replay_.size();
  sent_up_ = {};
  upward_.queue.Prepend(replay_);
  return call_.PickAgain();
}

void Relay::ForgetReplay() {
  may_replay_ = false;
  replay_.Clear();
}

// Lets the upstream's stream go; unless it has ended on both sides it is reset. What is still on its way down no longer
// counts as held for the upstream.
void Relay::DetachUp(uint32_t error_code) {
  ForgetReplay();
  const size_t waiting = upward_.queue.size();
  down_.Release(down_id_, waiting - std::min(replayed_, waiting));
  upward_.queue.Clear();
  if (up_ == nullptr) return;
  UpConnection& up = *std::exchange(up_, nullptr);
  RelayHook<UpTag>::unlink();
  nghttp2_session_set_stream_user_data(up.h2(), up_id_, nullptr);
  if (!downward_.ended || !up_end_sent_) up.Reset(up_id_, error_code);
  up.Release(up_id_, downward_.queue.size());
}

void Relay::Touch() { last_activity_ns_ = now_ns(); }

}  // namespace myelin::frame
