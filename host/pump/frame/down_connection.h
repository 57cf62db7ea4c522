// SPDX-License-Identifier: Apache-2.0
//
// A client's connection: makes a Relay of every request, and guards against clients that do what costs the host and not
// them. Belongs to a worker; disposes of itself when it is closed.
#pragma once

#include <string>

#include "pump/frame/relay.h"
#include "pump/frame/session.h"
#include "pump/frame/socket.h"
#include "pump/frame/taker.h"

namespace myelin::frame {

class Entrance;

struct EntranceTag;
using EntranceHook = boost::intrusive::list_base_hook<boost::intrusive::tag<EntranceTag>>;

class DownConnection final : public Session, public EntranceHook, public Taker {
 public:
  /// Takes over `fd`.
  DownConnection(FrameWorker& worker, Entrance& entrance, int fd, const SocketAddress& peer);

  const Peer& peer() const { return peer_; }

  /// Bytes that wait for the client, over all its streams.
  void AddWaiting(size_t bytes);
  /// They go into the output, or nowhere.
  void RemoveWaiting(size_t bytes);
  /// Whether a stream's window may be opened by `bytes` more, and so as much may wait. Taken back when the stream ends.
  bool Promise(uint64_t bytes);
  void Withdraw(uint64_t bytes);

  /// Tells the client, in so long, to go elsewhere; what it has begun goes on (RFC 9113, 6.8: in two steps).
  void StartDrain(uint64_t delay_ns);
  /// Ends what is left, and then the connection.
  void Cut();
  /// At once, without a word.
  void Drop(const std::string& why) { Shut(why); }

 private:
  std::string_view PeerName() const override { return peer_text_; }
  uint32_t MaxStreams() const override;
  size_t Waiting() const override { return waiting_ + output_bytes(); }
  void CutForHoarding() override { Expel(AbuseKind::kHoarding); }
  void OnHeaders(int32_t stream_id, HeaderBlock block, bool end) override;
  void OnOversizedHeaders(int32_t stream_id) override;
  void OnData(int32_t stream_id, const uint8_t* data, size_t size) override;
  void OnEnd(int32_t stream_id) override;
  void OnEndSent(int32_t stream_id) override;
  void OnStreamClosed(int32_t stream_id, uint32_t error_code) override;
  bool OnMalformed(int32_t stream_id) override;
  void OnSettings() override { spoken_ = true; }
  void OnClosed(const std::string& why) override;
  Relay* RelayOf(int32_t stream_id) {
    return static_cast<Relay*>(nghttp2_session_get_stream_user_data(h2(), stream_id));
  }
  void ArmTimer();
  void OnTimer();

  Entrance& entrance_;
  std::string peer_text_;
  Peer peer_;
  boost::intrusive::list<Relay, boost::intrusive::base_hook<RelayHook<DownTag>>,
                         boost::intrusive::constant_time_size<false>>
      relays_;
  bool spoken_ = false;  // the client's SETTINGS have come
  bool draining_ = false;
  bool told_to_go_ = false;  // the first of the two steps
  size_t waiting_ = 0;
  uint64_t promised_ = 0;
  size_t header_bytes_ = 0;  // of the requests that are under way
  Allowance premature_resets_{12'000, 1'000};
  Timer timer_{[](void* self) { static_cast<DownConnection*>(self)->OnTimer(); }, this};
};

}  // namespace myelin::frame
