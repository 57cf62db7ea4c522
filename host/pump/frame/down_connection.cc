// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/down_connection.h"

#include <array>

#include "pump/frame/entrance.h"
#include "pump/frame/worker.h"

namespace myelin::frame {
namespace {

constexpr uint64_t kNsPerMs = 1'000'000;
// Between the two steps of a drain: what a client had under way when the first reached it still comes in.
constexpr uint64_t kGoawayStepNs = 50 * kNsPerMs;

}  // namespace

DownConnection::DownConnection(FrameWorker& worker, Entrance& entrance, int fd, const SocketAddress& peer)
    : Session(worker, Side::kDownstream), entrance_(entrance), peer_(DescribePeer(peer, peer_text_)) {
  worker.AddTaker(*this);
  Begin(fd);
  ArmTimer();
}

uint32_t DownConnection::MaxStreams() const { return entrance_.limits().max_streams; }

void DownConnection::ArmTimer() {
  const auto patience = static_cast<uint64_t>(worker_.limits().header_timeout.count());
  worker_.context().timers.Start(timer_, worker_.context().now_ns + patience);
}

void DownConnection::OnHeaders(int32_t stream_id, HeaderBlock block, bool end) {
  if (Relay* relay = RelayOf(stream_id)) {
    relay->OnDownTrailers(std::move(block));
    return;
  }
  if (header_bytes_ + block.bytes() > worker_.limits().connection_buffer) {
    OnOversizedHeaders(stream_id);
    return;
  }
  header_bytes_ += block.bytes();
  auto* relay =
      new (worker_.buffers()) Relay(*this, stream_id, std::move(block), end);  // disposes of itself in OnDownClosed
  relays_.push_back(*relay);
  nghttp2_session_set_stream_user_data(h2(), stream_id, relay);
  relay->Start(entrance_.entry());
}

void DownConnection::OnOversizedHeaders(int32_t stream_id) {
  if (RelayOf(stream_id) != nullptr) {
    Reset(stream_id, NGHTTP2_ENHANCE_YOUR_CALM);
    return;
  }
  const Fields fields{Copied(":status", "200"), Copied("content-type", "application/grpc"), Copied("grpc-status", "8"),
                      Copied("grpc-message", "the request's headers are larger than what is accepted")};
  nghttp2_submit_response(h2(), stream_id, fields.data(), fields.size(), nullptr);
}

void DownConnection::OnData(int32_t stream_id, const uint8_t* data, size_t size) {
  if (Relay* relay = RelayOf(stream_id)) {
    relay->OnDownData(data, size);
  } else {
    Release(stream_id, size);
  }
}

void DownConnection::OnEnd(int32_t stream_id) {
  if (Relay* relay = RelayOf(stream_id)) relay->OnDownEnd();
}

void DownConnection::OnEndSent(int32_t stream_id) {
  if (Relay* relay = RelayOf(stream_id)) {
    relay->OnDownEndSent();
  } else {
    Reset(stream_id, NGHTTP2_NO_ERROR);
  }
}

void DownConnection::OnStreamClosed(int32_t stream_id, uint32_t error_code) {
  Relay* relay = RelayOf(stream_id);
  if (relay == nullptr) return;
  header_bytes_ -= relay->request_bytes();
  const bool premature = error_code != NGHTTP2_NO_ERROR && relay->unanswered();
  relay->OnDownClosed(error_code);
  if (premature && !premature_resets_.Take(worker_.context().now_ns)) {
    Flood(AbuseKind::kRapidReset);
  }
}

bool DownConnection::OnMalformed(int32_t stream_id) {
  const Relay* relay = RelayOf(stream_id);
  return relay == nullptr || !relay->passes_reset();
}

void DownConnection::OnClosed(const std::string&) {
  timer_.Stop();
  while (!relays_.empty()) relays_.front().OnDownClosed(NGHTTP2_CANCEL);
  entrance_.Remove(*this);
  worker_.Dispose(*this);
}

void DownConnection::AddWaiting(size_t bytes) {
  waiting_ += bytes;
  worker_.Hold(bytes);
}

void DownConnection::RemoveWaiting(size_t bytes) {
  waiting_ -= bytes;
  taken_ += bytes;
  worker_.LetGo(bytes);
}

bool DownConnection::Promise(uint64_t bytes) {
  if (!worker_.bytes().Promise(promised_, bytes)) return false;
  promised_ += bytes;
  return true;
}

void DownConnection::Withdraw(uint64_t bytes) {
  promised_ -= bytes;
  worker_.bytes().Withdraw(bytes);
}

void DownConnection::StartDrain(uint64_t delay_ns) {
  if (closed() || draining_) return;
  draining_ = true;
  worker_.context().timers.Start(timer_, worker_.context().now_ns + delay_ns);
}

void DownConnection::OnTimer() {
  if (draining_ && !told_to_go_) {
    told_to_go_ = true;
    nghttp2_submit_shutdown_notice(h2());
    MarkDirty();
    worker_.context().timers.Start(timer_, worker_.context().now_ns + kGoawayStepNs);
  } else if (draining_) {
    nghttp2_submit_goaway(h2(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h2()), NGHTTP2_NO_ERROR,
                          nullptr, 0);
    MarkDirty();
  } else if (!spoken_) {
    Expel(AbuseKind::kSlowPreface);
  } else if (HeadersTooSlow(static_cast<uint64_t>(worker_.limits().header_timeout.count()))) {
    Expel(AbuseKind::kSlowHeaders);
  } else {
    ArmTimer();
  }
}

void DownConnection::Cut() {
  for (auto it = relays_.begin(); it != relays_.end();) {
    Relay& relay = *it++;
    relay.Fail(MYELIN_OUTCOME_LOST, MYELIN_GRPC_UNAVAILABLE, "the proxy is shutting down");
  }
  timer_.Stop();
  nghttp2_submit_goaway(h2(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h2()), NGHTTP2_NO_ERROR,
                        nullptr, 0);
  MarkDirty();
}

}  // namespace myelin::frame
