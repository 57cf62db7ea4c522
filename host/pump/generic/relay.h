// SPDX-License-Identifier: Apache-2.0
//
// One call of the generic pump: the server's stream and the client's, and the messages on their way between them. In
// each direction one message may be read ahead while one is written. What could still be sent together with what
// follows is held until the end of the turn, so a unary call takes one write each way. Lives on its worker; deletes
// itself when the call has ended on both sides and no operation is outstanding.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <optional>
#include <string>

#include "call/call.h"
#include "pump/generic/event.h"
#include "pump/generic/metadata.h"
#include "pump/generic/worker.h"

namespace myelin::generic {

class ChannelConnection;

class Relay final : private Call::Handler, private Flushable {
 public:
  explicit Relay(GenericWorker& worker);

  /// Waits for a call to come in.
  void Accept(grpc::AsyncGenericService& service);

 private:
  // One direction: a message that was read and is not yet written, and whether a read or a write is outstanding.
  struct Direction {
    grpc::ByteBuffer incoming;  // of the outstanding read
    grpc::ByteBuffer held;      // read, not yet written
    grpc::ByteBuffer outgoing;  // of the outstanding write
    bool reading = false;
    bool writing = false;
    bool holding = false;
    bool end_read = false;  // the sender has said that nothing follows
    bool end_sent = false;
  };

  ~Relay() = default;

  void OnStream(Connection& connection) override;
  void OnRefused(const Refusal& refusal) override;
  void Flush() override;

  void OnAccepted(bool ok);
  void OnDownDone(bool ok);
  void OnDownRead(bool ok);
  void OnDownWritten(bool ok);
  void OnDownFinished(bool ok);
  void OnUpStarted(bool ok);
  void OnUpHeaders(bool ok);
  void OnUpRead(bool ok);
  void OnUpWritten(bool ok);
  void OnUpFinished(bool ok);

  void DescribeCall();
  void StartUpstream(bool corked);
  void ReadDown();
  void ReadUp();
  void WriteUp();
  void EndUp();
  void WriteDown();
  void AdvanceUp();
  void AdvanceDown();
  void FinishUp();
  void TakeUpStatus();
  void FinishDown();
  void Conclude();
  void FailWith(uint32_t outcome, grpc::StatusCode code, const std::string& why);
  void CutDown();
  void ArmTimer();
  void OnTimer();
  void Touch() { last_activity_ns_ = worker_.context().now_ns; }
  template <typename E>
  void* Begin(E& event) {
    ++operations_;
    return static_cast<Event*>(&event);
  }
  void Done();

  GenericWorker& worker_;
  grpc::GenericServerContext down_context_;
  grpc::GenericServerAsyncReaderWriter down_{&down_context_};
  MetadataView metadata_{down_context_};
  std::string peer_;
  CallRequest request_;
  Call call_{*this};

  std::optional<grpc::ClientContext> up_context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> up_;
  ChannelConnection* connection_ = nullptr;  // alive while the call holds its stream

  Direction upward_;    // downstream to upstream
  Direction downward_;  // upstream to downstream
  grpc::Status up_status_;
  grpc::Status status_;  // for the downstream
  uint32_t outcome_ = 0;
  uint64_t last_activity_ns_ = 0;
  uint64_t doubt_until_ns_ = 0;
  int operations_ = 0;
  bool up_started_ = false;
  bool up_headers_seen_ = false;
  bool up_finishing_ = false;
  bool up_finished_ = false;
  bool have_status_ = false;  // status_ is what the downstream gets
  bool down_headers_due_ = false;
  bool down_headers_sent_ = false;
  bool down_finishing_ = false;
  bool down_done_ = false;  // the server's side has ended, in whatever way

  Timer timer_{[](void* self) { static_cast<Relay*>(self)->OnTimer(); }, this};

  MemberEvent<Relay, &Relay::OnAccepted> accepted_{this};
  MemberEvent<Relay, &Relay::OnDownDone> down_done_event_{this};
  MemberEvent<Relay, &Relay::OnDownRead> down_read_{this};
  MemberEvent<Relay, &Relay::OnDownWritten> down_written_{this};
  MemberEvent<Relay, &Relay::OnDownFinished> down_finished_{this};
  MemberEvent<Relay, &Relay::OnUpStarted> up_started_event_{this};
  MemberEvent<Relay, &Relay::OnUpHeaders> up_headers_{this};
  MemberEvent<Relay, &Relay::OnUpRead> up_read_{this};
  MemberEvent<Relay, &Relay::OnUpWritten> up_written_{this};
  MemberEvent<Relay, &Relay::OnUpFinished> up_finished_event_{this};
};

}  // namespace myelin::generic
