// SPDX-License-Identifier: Apache-2.0
//
// One call of the frame pump: a stream of a downstream connection, a stream of an upstream connection, and the bytes on
// their way between them. What one side sends goes to the other as it came; the proxy's own answers are made in
// relay_answers.cc. Lives on its worker, from the request's headers until the downstream's stream is closed.
#pragma once

#include <boost/intrusive/list.hpp>
#include <string>

#include "call/call.h"
#include "pump/frame/header_block.h"
#include "pump/frame/message_cursor.h"
#include "pump/frame/session.h"

namespace myelin::frame {

class DownConnection;
class UpConnection;

struct DownTag;
struct UpTag;
template <typename Tag>
using RelayHook = boost::intrusive::list_base_hook<boost::intrusive::tag<Tag>,
                                                   boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Relay final : public Disposable, public RelayHook<DownTag>, public RelayHook<UpTag>, private Call::Handler {
 public:
  Relay(DownConnection& down, int32_t stream_id, HeaderBlock request, bool ended);
  ~Relay() override;

  /// Relays come and go with every call, so their memory is a buffer of the pool's.
  static void* operator new(size_t size, BufferPool& pool);
  static void operator delete(void* memory);
  static void operator delete(void* memory, BufferPool&) { operator delete(memory); }

  /// Begins, once it stands at its stream.
  void Start(ProxyShard& entry);

  /// What the downstream's stream tells.
  void OnDownData(const uint8_t* data, size_t size);
  void OnDownTrailers(HeaderBlock trailers);
  void OnDownEnd();
  void OnDownEndSent();
  /// Its stream is gone; the relay is over and disposes of itself.
  void OnDownClosed(uint32_t error_code);

  /// What the upstream's stream tells.
  void OnUpHeaders(HeaderBlock block, bool end);
  void OnUpOversizedHeaders();
  /// What came is against HTTP/2's rules; OnUpClosed comes next.
  void OnUpMalformed() { malformed_ = true; }
  void OnUpData(const uint8_t* data, size_t size);
  void OnUpEnd();
  void OnUpEndSent() { up_end_sent_ = true; }
  void OnUpClosed(uint32_t error_code);
  void OnUpLost(const std::string& why);

  /// Ends the call with an answer of the proxy's own, if it has not been answered to the end.
  void Fail(uint32_t outcome, uint32_t grpc_status, const std::string& why);

  /// Whether the call is under way and nothing of an answer has been given.
  bool unanswered() const { return !response_begun_ && !call_.ended(); }

  /// Whether the downstream's stream is reset because the upstream's was, or because of the proxy.
  bool passes_reset() const { return reset_due_ || own_end_; }

  size_t request_bytes() const { return request_headers_.bytes(); }

 private:
  // One direction of the call.
  struct Direction {
    explicit Direction(BufferPool& pool) : queue(pool) {}
    ByteQueue queue;       // received and not yet sent
    HeaderBlock trailers;  // if the sender ended with some
    bool has_trailers = false;
    bool ended = false;  // the sender has said that nothing follows
  };
  // The sources from which the sessions take the bytes.
  struct ToUpstream final : StreamSource {
    explicit ToUpstream(Relay& owner) : relay(owner) {}
    ssize_t Read(size_t most, uint32_t* flags) override;
    void Move(size_t size, ByteQueue& output) override;
    Relay& relay;
  };
  struct ToDownstream final : StreamSource {
    explicit ToDownstream(Relay& owner) : relay(owner) {}
    ssize_t Read(size_t most, uint32_t* flags) override;
    void Move(size_t size, ByteQueue& output) override;
    Relay& relay;
  };

  void OnStream(Connection& connection) override;
  void OnRefused(const Refusal& refusal) override;

  void DescribeCall();
  bool RefuseContent();
  bool SubmitRequest();
  std::string ForwardedTimeout() const;
  void BeginResponse(HeaderBlock block, bool end);
  void FinishFromUpstream(const HeaderBlock& last);
  bool Retry();
  void ForgetReplay();
  void DetachUp(uint32_t error_code);
  void OpenWindow();
  void AnswerAlone(uint32_t grpc_status, const std::string& message, int64_t pushback_ms);
  void AnswerHttp(std::string_view status, std::string_view text);
  void SubmitAnswer(const Fields& fields);
  size_t WholeMessages() const;
  void KeepQueued(size_t bytes);
  ssize_t EndDown(uint32_t* flags);
  ssize_t SubmitTrailers(Session& session, int32_t stream_id, const HeaderBlock& trailers, uint32_t* flags);
  void ArmTimer();
  void OnTimer();
  void Touch();
  uint64_t now_ns() const;

  DownConnection& down_;
  const int32_t down_id_;
  UpConnection* up_ = nullptr;
  int32_t up_id_ = 0;
  uint64_t up_mark_ = 0;  // where the upstream's output stood when the request was submitted

  HeaderBlock request_headers_;
  HeaderBlock response_headers_;
  CallRequest request_;
  Call call_{*this};

  uint64_t taken_down_ = 0;
  uint32_t up_window_ = 0;  // how much further than at first the upstream's stream was opened
  Direction upward_;
  Direction downward_;
  ToUpstream to_upstream_{*this};
  ToDownstream to_downstream_{*this};
  MessageCursor sent_up_;
  MessageCursor received_;
  MessageCursor sent_down_;

  ByteQueue replay_;     // what went upstream, as long as the request may have to go there again
  size_t replayed_ = 0;  // bytes at the front of upward_ that the downstream was credited for already
  bool may_replay_ = true;

  bool response_begun_ = false;  // headers have been submitted downstream
  bool down_closed_ = false;
  bool up_end_sent_ = false;
  bool malformed_ = false;  // what the upstream sent
  bool refused_ = false;    // it is no gRPC: answered, and what still comes in is dropped
  bool reset_due_ = false;  // once the downstream has what is queued, its stream is reset
  uint32_t reset_code_ = 0;
  bool own_end_ = false;  // once it has, trailers of our own follow
  uint32_t own_status_ = 0;
  std::string own_message_;
  uint64_t last_activity_ns_ = 0;
  Timer timer_{[](void* self) { static_cast<Relay*>(self)->OnTimer(); }, this};
};

}  // namespace myelin::frame
