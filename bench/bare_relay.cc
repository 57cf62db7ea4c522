// SPDX-License-Identifier: Apache-2.0
//
// The baseline of bench/run: a relay of bare grpc++, as one writes it straight from the API. One completion queue,
// one thread, four channels in turn, no policies. It keeps metadata, statuses, deadlines and cancels; it limits
// nothing.
//   bare_relay LISTEN UPSTREAM
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/server_builder.h>

#include <cstdio>
#include <memory>
#include <vector>

namespace {

struct World {
  grpc::AsyncGenericService service;
  std::unique_ptr<grpc::ServerCompletionQueue> queue;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  size_t next_stub = 0;
};

std::string Text(const grpc::string_ref& text) { return {text.data(), text.size()}; }

class Relay;
struct Event {
  Relay* relay;
  void (Relay::*handler)(bool ok);
};

// Deletes itself after its last operation.
class Relay {
 public:
  explicit Relay(World& world) : world_(world) {
    down_context_.AsyncNotifyWhenDone(&done_);
    world_.service.RequestCall(&down_context_, &down_, world_.queue.get(), world_.queue.get(), Begin(accepted_));
  }
  void Complete(const Event& event, bool ok) {
    (this->*event.handler)(ok);
    if (--operations_ == 0) delete this;
  }

 private:
  void* Begin(Event& event) {
    ++operations_;
    return &event;
  }
  void OnAccepted(bool ok) {
    if (!ok) return;
    ++operations_;  // done_
    new Relay(world_);
    for (const auto& [key, value] : down_context_.client_metadata()) up_context_.AddMetadata(Text(key), Text(value));
    up_context_.set_deadline(down_context_.raw_deadline());
    up_context_.set_authority(down_context_.host());
    grpc::GenericStub& stub = *world_.stubs[world_.next_stub++ % world_.stubs.size()];
    up_ = stub.PrepareCall(&up_context_, down_context_.method(), world_.queue.get());
    up_->StartCall(Begin(started_));
  }
  void OnStarted(bool) {
    up_->ReadInitialMetadata(Begin(up_headers_));
    down_.Read(&request_, Begin(down_read_));
  }
  void OnDownRead(bool ok) {
    if (ok) {
      up_->Write(request_, Begin(up_written_));
    } else {
      up_->WritesDone(Begin(up_closed_));
    }
  }
  void OnUpWritten(bool ok) {
    if (ok) down_.Read(&request_, Begin(down_read_));
  }
  void OnUpHeaders(bool ok) {
    if (!ok) return up_->Finish(&status_, Begin(up_finished_));
    for (const auto& [key, value] : up_context_.GetServerInitialMetadata()) {
      down_context_.AddInitialMetadata(Text(key), Text(value));
    }
    down_.SendInitialMetadata(Begin(down_written_));
  }
  void OnUpRead(bool ok) {
    if (!ok) return up_->Finish(&status_, Begin(up_finished_));
    down_.Write(response_, Begin(down_written_));
  }
  void OnDownWritten(bool ok) {
    if (!ok) return up_->Finish(&status_, Begin(up_finished_));
    up_->Read(&response_, Begin(up_read_));
  }
  void OnUpFinished(bool) {
    for (const auto& [key, value] : up_context_.GetServerTrailingMetadata()) {
      down_context_.AddTrailingMetadata(Text(key), Text(value));
    }
    down_.Finish(status_, Begin(down_finished_));
  }
  void OnDone(bool) {
    if (down_context_.IsCancelled()) up_context_.TryCancel();
  }
  void OnNothing(bool) {}

  World& world_;
  grpc::GenericServerContext down_context_;
  grpc::GenericServerAsyncReaderWriter down_{&down_context_};
  grpc::ClientContext up_context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> up_;
  grpc::ByteBuffer request_, response_;
  grpc::Status status_;
  int operations_ = 0;
  Event accepted_{this, &Relay::OnAccepted}, started_{this, &Relay::OnStarted}, done_{this, &Relay::OnDone};
  Event down_read_{this, &Relay::OnDownRead}, up_written_{this, &Relay::OnUpWritten};
  Event up_closed_{this, &Relay::OnNothing}, up_headers_{this, &Relay::OnUpHeaders};
  Event up_read_{this, &Relay::OnUpRead}, down_written_{this, &Relay::OnDownWritten};
  Event up_finished_{this, &Relay::OnUpFinished}, down_finished_{this, &Relay::OnNothing};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: bare_relay LISTEN UPSTREAM\n", stderr), 2;
  World world;
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  for (int i = 0; i < 4; ++i) {
    world.stubs.push_back(std::make_unique<grpc::GenericStub>(
        grpc::CreateCustomChannel(argv[2], grpc::InsecureChannelCredentials(), arguments)));
  }
  grpc::ServerBuilder builder;
  builder.AddListeningPort(argv[1], grpc::InsecureServerCredentials());
  builder.RegisterAsyncGenericService(&world.service);
  world.queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  if (!server) return 1;
  for (int i = 0; i < 16; ++i) new Relay(world);
  void* tag = nullptr;
  bool ok = false;
  while (world.queue->Next(&tag, &ok)) {
    const Event& event = *static_cast<Event*>(tag);
    event.relay->Complete(event, ok);
  }
}
