// SPDX-License-Identifier: Apache-2.0
//
// A gRPC client for the tests: one step at a time, each waited for with a bound, so that a call that hangs fails its
// test.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "pump/bytes.h"

namespace myelin::test {

using namespace std::chrono_literals;

inline std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

class ClientCall {
 public:
  /// Begins at once. `prepare` may set up the context before.
  template <typename Prepare>
  ClientCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, const Prepare& prepare)
      : stub_(channel) {
    prepare(context);
    call_ = stub_.PrepareCall(&context, "/t/" + method, &queue_);
    call_->StartCall(this);
    Wait();
  }
  ClientCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method)
      : ClientCall(channel, method, [](grpc::ClientContext&) {}) {}
  ~ClientCall() {
    context.TryCancel();
    call_.reset();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }
  ClientCall(const ClientCall&) = delete;
  ClientCall& operator=(const ClientCall&) = delete;

  bool Headers() {
    call_->ReadInitialMetadata(this);
    return Wait();
  }
  bool Write(const std::string& text) {
    call_->Write(ToBytes(text), this);
    return Wait();
  }
  bool HalfClose() {
    call_->WritesDone(this);
    return Wait();
  }
  /// The next message, or nothing at the end.
  std::optional<std::string> Read() {
    grpc::ByteBuffer bytes;
    call_->Read(&bytes, this);
    if (!Wait()) return std::nullopt;
    return ToText(bytes);
  }
  grpc::Status Finish() {
    grpc::Status status;
    call_->Finish(&status, this);
    Wait();
    return status;
  }

  grpc::ClientContext context;

 private:
  bool Wait() {
    void* tag = nullptr;
    bool ok = false;
    const auto got = queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + 30s);
    if (got == grpc::CompletionQueue::GOT_EVENT) return ok;
    ADD_FAILURE() << "a step of the call hangs";
    std::abort();  // its buffers are on the stack of the caller
  }

  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
};

struct Answer {
  grpc::Status status;
  std::string message;
};

/// A whole unary call.
inline Answer Unary(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, const std::string& text,
                    std::chrono::milliseconds timeout = 20s) {
  ClientCall call(channel, method, [=](grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + timeout);
  });
  call.Write(text);
  call.HalfClose();
  const std::optional<std::string> message = call.Read();
  return {call.Finish(), message.value_or("")};
}

}  // namespace myelin::test
