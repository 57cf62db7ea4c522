// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/up_connection.h"

#include <algorithm>

#include "pump/frame/worker.h"

namespace myelin::frame {

ConnectionPtr UpConnector::Open(const Endpoint& endpoint, const ConnectionOptions& options,
                                Connection::Observer& observer) {
  return ConnectionPtr(new UpConnection(worker_, endpoint.address(), options, observer));
}

// What it has under way is over by now; the GOAWAY leaves with the turn's last flush.
void UpConnection::Close() {
  observer_ = nullptr;
  timer_.Stop();
  while (!relays_.empty()) relays_.front().OnUpLost("it was closed");
  if (phase_ >= Phase::kHandshake && !closed()) Terminate(NGHTTP2_NO_ERROR);
  worker_.Dispose(*this);
}

void UpConnection::Add(Relay& relay) {
  relays_.push_back(relay);
  if (!timer_.active()) ArmKeepalive();
}

void UpConnection::OnHeaders(int32_t stream_id, HeaderBlock block, bool end) {
  if (Relay* relay = RelayOf(stream_id)) relay->OnUpHeaders(std::move(block), end);
}

void UpConnection::OnOversizedHeaders(int32_t stream_id) {
  if (Relay* relay = RelayOf(stream_id)) relay->OnUpOversizedHeaders();
}

void UpConnection::OnData(int32_t stream_id, const uint8_t* data, size_t size) {
  if (Relay* relay = RelayOf(stream_id)) {
    relay->OnUpData(data, size);
  } else {
    Release(stream_id, size);
  }
}

void UpConnection::OnEnd(int32_t stream_id) {
  if (Relay* relay = RelayOf(stream_id)) relay->OnUpEnd();
}

void UpConnection::OnEndSent(int32_t stream_id) {
  if (Relay* relay = RelayOf(stream_id)) relay->OnUpEndSent();
}

void UpConnection::OnStreamClosed(int32_t stream_id, uint32_t error_code) {
  if (Relay* relay = RelayOf(stream_id)) relay->OnUpClosed(error_code);
}

bool UpConnection::OnMalformed(int32_t stream_id) {
  Relay* relay = RelayOf(stream_id);  // else the relay has let it go, and said why
  if (relay != nullptr) relay->OnUpMalformed();
  return relay != nullptr;
}

void UpConnection::OnSettings() {
  if (observer_ == nullptr || closed()) return;
  const uint32_t limit = nghttp2_session_get_remote_settings(h2(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  observer_->OnStreamLimit(*this, limit);
  if (phase_ == Phase::kReady) return;
  phase_ = Phase::kReady;
  timer_.Stop();
  observer_->OnReady(*this);
}

void UpConnection::OnGoaway(uint32_t error_code, std::string_view why) {
  leaving_ = true;
  if (observer_ != nullptr) observer_->OnLeaving(*this);
  const bool pings = error_code == NGHTTP2_ENHANCE_YOUR_CALM && why == "too_many_pings";
  if (pings && observer_ != nullptr) observer_->OnTooManyPings(*this);
}

std::string UpConnection::OnFirstBytes(std::string_view bytes) {
  if (any_bytes_) return "";
  any_bytes_ = true;
  return bytes.starts_with("HTTP/") ? "it speaks HTTP/1, not HTTP/2 without TLS" : "";
}

void UpConnection::OnClosed(const std::string& why) {
  timer_.Stop();
  if (phase_ != Phase::kReady) {
    if (observer_ != nullptr) observer_->OnConnectFailed(*this, why);
    return;
  }
  while (!relays_.empty()) relays_.front().OnUpLost(why);
}

// Pings only while there are calls, and only when nothing has been heard for so long.
void UpConnection::ArmKeepalive() {
  if (options_.keepalive_time <= Duration::zero() || relays_.empty() || phase_ != Phase::kReady) return;
  const auto time = static_cast<uint64_t>(options_.keepalive_time.count());
  worker_.context().timers.Start(timer_, std::max(last_read_ns(), pinged_ns_ == 0 ? 0 : pinged_ns_) + time);
}

void UpConnection::OnTimer() {
  const uint64_t now = worker_.context().now_ns;
  if (phase_ != Phase::kReady) {
    Shut(failure_.empty() ? "no connection within " + FormatDuration(options_.connect_timeout) + " (timeouts.connect)"
                          : failure_);
    return;
  }
  if (pinged_ns_ != 0 && last_read_ns() < pinged_ns_) {
    Shut("it did not answer a ping within " + FormatDuration(options_.keepalive_timeout) + " (keepalive.timeout)");
    return;
  }
  pinged_ns_ = 0;
  if (relays_.empty()) return;
  if (now < last_read_ns() + static_cast<uint64_t>(options_.keepalive_time.count())) {
    ArmKeepalive();
    return;
  }
  pinged_ns_ = now;
  nghttp2_submit_ping(h2(), NGHTTP2_FLAG_NONE, nullptr);
  MarkDirty();
  worker_.context().timers.Start(timer_, now + static_cast<uint64_t>(options_.keepalive_timeout.count()));
}

}  // namespace myelin::frame
