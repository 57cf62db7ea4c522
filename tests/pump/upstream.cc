// SPDX-License-Identifier: Apache-2.0
#include "pump/upstream.h"

#include <grpcpp/server_builder.h>

#include <chrono>

#include "pump/bytes.h"

namespace myelin::test {

class Upstream::Reactor final : public grpc::ServerGenericBidiReactor {
 public:
  Reactor(Upstream& owner, grpc::GenericCallbackServerContext& context)
      : owner_(owner), context_(context), method_(context.method().substr(context.method().rfind('/') + 1)) {
    ++owner_.calls;
    ++owner_.open;
    Echo();
    Begin();
  }

  void OnReadDone(bool ok) override {
    if (ok && method_ == "Collect") total_ += message_.Length();
    if (ok && (method_ == "Collect" || method_ == "Hang")) {
      StartRead(&message_);
    } else if (ok) {
      StartWrite(&message_);
    } else if (method_ == "Collect") {
      Reply(std::to_string(total_), grpc::Status::OK);
    } else if (method_ == "Echo" || method_ == "Headers") {
      End(grpc::Status::OK);
    }
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return;
    if (method_ == "Flood") {
      ++owner_.flood_written;
      StartWrite(&message_);
    } else if (method_ == "Error") {
      End(NotFound());
    } else {
      StartRead(&message_);
    }
  }
  void OnCancel() override {
    ++owner_.cancelled;
    End(grpc::Status::CANCELLED);
  }
  void OnDone() override {
    --owner_.open;
    delete this;
  }

 private:
  static grpc::Status NotFound() {
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such Käse, 100 %\n", std::string("\x00\xff\x01 details", 11));
  }

  void Echo() {
    for (const auto& [key, value] : context_.client_metadata()) {
      const std::string name(key.data(), key.size());
      const std::string text(value.data(), value.size());
      if (!name.starts_with("x-")) continue;
      if (method_ != "Refuse") context_.AddInitialMetadata(name, text);
      context_.AddTrailingMetadata(name, text);
    }
    const auto left = context_.deadline() - std::chrono::system_clock::now();
    owner_.last_timeout_ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  }
  void Begin() {
    if (method_ == "Headers") StartSendInitialMetadata();
    if (method_ == "Early") {
      Reply("early", grpc::Status::OK);
    } else if (method_ == "Error") {
      message_ = ToBytes("before the error");
      StartWrite(&message_);
    } else if (method_ == "Refuse") {
      End(NotFound());
    } else if (method_ == "Flood") {
      message_ = ToBytes(std::string(64 << 10, 'f'));
      StartWrite(&message_);
    } else {
      StartRead(&message_);
    }
  }
  void Reply(const std::string& text, const grpc::Status& status) {
    if (finished_.exchange(true)) return;
    message_ = ToBytes(text);
    StartWriteAndFinish(&message_, grpc::WriteOptions(), status);
  }
  void End(const grpc::Status& status) {
    if (!finished_.exchange(true)) Finish(status);
  }

  Upstream& owner_;
  grpc::GenericCallbackServerContext& context_;
  const std::string method_;
  grpc::ByteBuffer message_;
  size_t total_ = 0;
  std::atomic<bool> finished_{false};
};

Upstream::Upstream(int port) {
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(this);
  builder.SetMaxReceiveMessageSize(-1);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(), &port_);
  server_ = builder.BuildAndStart();
}

Upstream::~Upstream() { Kill(); }

void Upstream::Kill() {
  if (!server_) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

grpc::ServerGenericBidiReactor* Upstream::CreateReactor(grpc::GenericCallbackServerContext* context) {
  return new Reactor(*this, *context);
}

}  // namespace myelin::test
