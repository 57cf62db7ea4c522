// SPDX-License-Identifier: Apache-2.0
//
// A pooled connection to an endpoint: connects, speaks HTTP/2, and carries the upstream streams of relays.
// Belongs to a worker; the pool that opened it owns it until Close, after which it disposes of itself.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pump/frame/relay.h"
#include "pump/frame/session.h"
#include "pump/frame/socket.h"
#include "upstream/connection.h"

namespace myelin::frame {

class UpConnection final : public Session, public Connection {
 public:
  UpConnection(FrameWorker& worker, const std::string& address, const ConnectionOptions& options, Observer& observer);
  ~UpConnection() override;

  bool IsOpen() override { return phase_ == Phase::kReady && !leaving_ && !closed(); }
  void Close() override;
  /// `relay` has a stream here.
  void Add(Relay& relay);
  /// Takes no more streams: their numbers are used up.
  void Leave() { leaving_ = true; }

 private:
  enum class Phase { kConnecting, kHandshake, kReady };

  void OnConnected();

  void OnEvents(uint32_t events) override;
  std::string_view PeerName() const override { return address_; }
  void OnHeaders(int32_t stream_id, HeaderBlock block, bool end) override;
  void OnOversizedHeaders(int32_t stream_id) override;
  void OnData(int32_t stream_id, const uint8_t* data, size_t size) override;
  void OnEnd(int32_t stream_id) override;
  void OnEndSent(int32_t stream_id) override;
  void OnStreamClosed(int32_t stream_id, uint32_t error_code) override;
  bool OnMalformed(int32_t stream_id) override;
  void OnSettings() override;
  void OnGoaway(uint32_t error_code, std::string_view why) override;
  void OnPong() override {}
  std::string OnFirstBytes(std::string_view bytes) override;
  void OnClosed(const std::string& why) override;
  void OnTimer();
  void ArmKeepalive();
  Relay* RelayOf(int32_t stream_id) {
    return static_cast<Relay*>(nghttp2_session_get_stream_user_data(h2(), stream_id));
  }

  Observer* observer_;  // nullptr once it wants to hear no more
  const std::string address_;
  const ConnectionOptions options_;
  const uint64_t connect_until_ns_;
  Phase phase_ = Phase::kConnecting;
  bool leaving_ = false;  // the peer said GOAWAY
  bool any_bytes_ = false;
  int connecting_fd_ = -1;
  std::string failure_;
  uint64_t pinged_ns_ = 0;  // 0: no ping is under way
  boost::intrusive::list<Relay, boost::intrusive::base_hook<RelayHook<UpTag>>,
                         boost::intrusive::constant_time_size<false>>
      relays_;
  Timer timer_{[](void* self) { static_cast<UpConnection*>(self)->OnTimer(); }, this};
};

class UpConnector final : public Connector {
 public:
  explicit UpConnector(FrameWorker& worker) : worker_(worker) {}
  ConnectionPtr Open(const Endpoint& endpoint, const ConnectionOptions& options,
                     Connection::Observer& observer) override;

 private:
  FrameWorker& worker_;
};

}  // namespace myelin::frame
