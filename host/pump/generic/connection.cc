// SPDX-License-Identifier: Apache-2.0
#include "pump/generic/connection.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <atomic>
#include <limits>

#include "pump/generic/channel_options.h"
#include "pump/generic/worker.h"

namespace myelin::generic {
namespace {

constexpr uint64_t kNsPerMs = 1'000'000;
// How often a connect that is under way is looked at; a closed connection's operations end within this.
constexpr uint64_t kWatchNs = 100 * kNsPerMs;

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address, const ConnectionOptions& options) {
  grpc::ChannelArguments arguments;
  ApplyClientOptions(options, arguments);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

gpr_timespec In(uint64_t ns) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(static_cast<int64_t>(ns), GPR_TIMESPAN));
}

// "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Failed to connect to remote host:
// Connection refused" says the address, which the host's own message has too; what follows it is the reason.
std::string ShortReason(const std::string& message) {
  constexpr std::string_view kLastError = "last error: ";
  const size_t start = message.find(kLastError);
  std::string reason = start == std::string::npos ? message : message.substr(start + kLastError.size());
  constexpr std::string_view kRemote = "Failed to connect to remote host: ";
  const size_t remote = reason.find(kRemote);
  if (remote != std::string::npos) reason = reason.substr(remote + kRemote.size());
  if (!reason.empty()) reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  return reason.empty() ? "the connection could not be made" : reason;
}

}  // namespace

struct ChannelConnection::Probe {
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
  grpc::Status status;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> call;
};

ConnectionPtr ChannelConnector::Open(const Endpoint& endpoint, const ConnectionOptions& options,
                                     Connection::Observer& observer) {
  return ConnectionPtr(new ChannelConnection(worker_, endpoint, options, observer));
}

ChannelConnection::ChannelConnection(GenericWorker& worker, const Endpoint& endpoint, const ConnectionOptions& options,
                                     Observer& observer)
    : worker_(worker),
      observer_(observer),
      address_(endpoint.address()),
      options_(options),
      channel_(MakeChannel(address_, options)),
      stub_(channel_),
      connect_until_ns_(worker.context().now_ns + static_cast<uint64_t>(options.connect_timeout.count())) {
  worker_.AddConnection();
  watched_ = channel_->GetState(true);
  Watch();
}

ChannelConnection::~ChannelConnection() { worker_.RemoveConnection(); }

void ChannelConnection::Watch() {
  const uint64_t now = worker_.context().now_ns;
  const uint64_t left = connect_until_ns_ > now ? connect_until_ns_ - now : kNsPerMs;
  ++operations_;
  channel_->NotifyOnStateChange(watched_, In(std::min(left, kWatchNs)), worker_.queue(),
                                static_cast<Event*>(&state_event_));
}

void ChannelConnection::OnStateChange(bool) {
  --operations_;
  if (closed_) {
    OperationDone();
    return;
  }
  watched_ = channel_->GetState(false);
  if (watched_ == GRPC_CHANNEL_READY) {
    observer_.OnStreamLimit(*this, UINT32_MAX);  // grpc keeps the peer's to itself, and waits for it
    observer_.OnReady(*this);
  } else if (watched_ == GRPC_CHANNEL_TRANSIENT_FAILURE) {
    AskReason();
  } else if (worker_.context().now_ns >= connect_until_ns_) {
    Fail("no connection within " + FormatDuration(options_.connect_timeout) + " (timeouts.connect)");
  } else {
    Watch();
  }
}

void ChannelConnection::AskReason() {
  probe_ = std::make_unique<Probe>();
  probe_->context.set_deadline(In(50 * kNsPerMs));
  probe_->call =
      stub_.PrepareUnaryCall(&probe_->context, "/myelin.Connection/Reason", probe_->request, worker_.queue());
  ++operations_;
  probe_->call->StartCall();
  probe_->call->Finish(&probe_->response, &probe_->status, static_cast<Event*>(&reason_event_));
}

void ChannelConnection::OnReason(bool) {
  --operations_;
  if (closed_) {
    OperationDone();
    return;
  }
  const bool told = probe_->status.error_code() == grpc::StatusCode::UNAVAILABLE;
  const std::string reason = told ? ShortReason(probe_->status.error_message()) : "the connection could not be made";
  probe_.reset();
  Fail(reason);
}

void ChannelConnection::Fail(const std::string& reason) { observer_.OnConnectFailed(*this, reason); }

bool ChannelConnection::IsOpen() { return channel_->GetState(false) == GRPC_CHANNEL_READY; }

void ChannelConnection::Close() {
  closed_ = true;
  if (probe_) probe_->context.TryCancel();
  OperationDone();
}

void ChannelConnection::OperationDone() {
  if (operations_ == 0) delete this;
}

}  // namespace myelin::generic
