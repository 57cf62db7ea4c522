// SPDX-License-Identifier: Apache-2.0
//
// A gRPC server for the tests: each method behaves in one way, and the test can look at what it saw. Its reactors run
// on grpc's threads and delete themselves.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>

#include <atomic>
#include <memory>
#include <string>

namespace myelin::test {

/// Methods:
///   /t/Echo      each message back; OK after the half-close. Metadata x-… comes back as headers, and again as
///   trailers. /t/Headers   as Echo, with the headers sent at once /t/Early     one message and OK, without waiting for
///   the client's end /t/Error     NOT_FOUND with details, after headers and a message /t/Refuse    the same without
///   headers /t/Collect   reads to the end, then one message with the number of bytes /t/Hang      reads, never
///   answers, until cancelled /t/Flood     messages of 64 KiB without end
class Upstream final : private grpc::CallbackGenericService {
 public:
  /// Listens on a free port of the loopback, or on `port`.
  explicit Upstream(int port = 0);
  ~Upstream() override;

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  /// Cuts all calls and closes.
  void Kill();

  std::atomic<int> calls{0};
  std::atomic<int> open{0};
  std::atomic<int> cancelled{0};
  std::atomic<int> flood_written{0};
  std::atomic<int64_t> last_timeout_ms{-1};

 private:
  class Reactor;
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace myelin::test
