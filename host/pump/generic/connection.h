// SPDX-License-Identifier: Apache-2.0
//
// A pooled connection of the generic pump: a grpc channel of its own, with a subchannel pool of its own, so that two
// channels never share a transport. Belongs to its worker; deletes itself in Close or when its last operation is done.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <memory>
#include <optional>
#include <string>

#include "pump/generic/event.h"
#include "upstream/connection.h"

namespace myelin::generic {

class GenericWorker;

class ChannelConnection final : public Connection {
 public:
  ChannelConnection(GenericWorker& worker, const Endpoint& endpoint, const ConnectionOptions& options,
                    Observer& observer);

  bool IsOpen() override;
  void Close() override;
  grpc::GenericStub& stub() { return stub_; }

 private:
  ~ChannelConnection() override;

  void Watch();
  void OnStateChange(bool changed);
  void AskReason();
  void OnReason(bool ok);
  void Fail(const std::string& reason);
  void OperationDone();

  GenericWorker& worker_;
  Observer& observer_;
  const std::string address_;
  const ConnectionOptions options_;
  std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
  uint64_t connect_until_ns_;
  bool closed_ = false;
  int operations_ = 0;

  grpc_connectivity_state watched_ = GRPC_CHANNEL_IDLE;
  MemberEvent<ChannelConnection, &ChannelConnection::OnStateChange> state_event_{this};

  // A call that is never sent: it fails at once with the sentence that says why the channel did not connect.
  struct Probe;
  std::unique_ptr<Probe> probe_;
  MemberEvent<ChannelConnection, &ChannelConnection::OnReason> reason_event_{this};
};

class ChannelConnector final : public Connector {
 public:
  explicit ChannelConnector(GenericWorker& worker) : worker_(worker) {}
  ConnectionPtr Open(const Endpoint& endpoint, const ConnectionOptions& options,
                     Connection::Observer& observer) override;

 private:
  GenericWorker& worker_;
};

}  // namespace myelin::generic
