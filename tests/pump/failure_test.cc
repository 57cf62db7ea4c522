// SPDX-License-Identifier: Apache-2.0
//
// Upstreams that are not there, hang, talk something else or die; and the timeouts that bound a call.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pump/client.h"
#include "pump/host.h"
#include "pump/upstream.h"

namespace myelin::test {
namespace {

using ::testing::HasSubstr;

/// A TCP listener that says `greeting` to whoever connects, or nothing.
class RawListener {
 public:
  explicit RawListener(std::string greeting) : greeting_(std::move(greeting)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd_, 64), 0);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    if (!greeting_.empty()) thread_ = std::thread([this] { Greet(); });
  }
  ~RawListener() {
    ::shutdown(fd_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(fd_);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  void Greet() {
    for (int fd = ::accept(fd_, nullptr, nullptr); fd >= 0; fd = ::accept(fd_, nullptr, nullptr)) {
      [[maybe_unused]] const ssize_t written = ::write(fd, greeting_.data(), greeting_.size());
      ::close(fd);
    }
  }

  const std::string greeting_;
  int fd_ = -1;
  int port_ = 0;
  std::thread thread_;
};

std::string ClosedPort() {
  const RawListener listener("");
  return listener.address();
}

class FailureTest : public ::testing::Test {
 protected:
  ~FailureTest() override {
    if (!host_) return;
    EXPECT_TRUE(Eventually([&] { return host_->Held() == 0; })) << host_->Held();
    const auto connections = [&] {
      uint64_t sum = 0;
      for (const EndpointStats& endpoint : host_->Stats().endpoints) sum += endpoint.connections_draining;
      return sum;
    };
    EXPECT_TRUE(Eventually([&] { return connections() == 0; }));
  }
  void Start(const ProxyConfig& proxy) {
    host_ = std::make_unique<Host>(proxy);
    host_->Start();
    channel_ = Connect(host_->address());
  }

  std::unique_ptr<Host> host_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(FailureTest, ARefusedConnectIsUnavailableAndSaysWhere) {
  const std::string address = ClosedPort();
  Start(ProxyTo("orders", {address}));
  for (int i = 0; i < 5; ++i) {
    const Answer answer = Unary(channel_, "Echo", "x");
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(answer.status.error_message(), HasSubstr(address));
    EXPECT_THAT(answer.status.error_message(), HasSubstr("onnection refused"));
  }
}

TEST_F(FailureTest, AConnectThatHangsEndsWithItsTimeout) {
  const RawListener silent("");
  ProxyConfig proxy = ProxyTo("orders", {silent.address()});
  proxy.timeouts.connect = 300ms;
  Start(proxy);
  const Answer answer = Unary(channel_, "Echo", "x");
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(answer.status.error_message(), HasSubstr(silent.address()));
  EXPECT_THAT(answer.status.error_message(), HasSubstr("no connection within 300ms (timeouts.connect)"));
}

TEST_F(FailureTest, AnUpstreamThatSpeaksHttp1IsUnavailable) {
  const RawListener http("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  ProxyConfig proxy = ProxyTo("orders", {http.address()});
  proxy.timeouts.connect = 1s;
  Start(proxy);
  const Answer answer = Unary(channel_, "Echo", "x");
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(answer.status.error_message(), HasSubstr(http.address()));
}

TEST_F(FailureTest, DeadEndpointsAreGoneAround) {
  Upstream upstream;
  Start(ProxyTo("orders", {ClosedPort(), upstream.address(), ClosedPort()}));
  for (int i = 0; i < 50; ++i) {
    const Answer answer = Unary(channel_, "Echo", "x");
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  }
  EXPECT_TRUE(Eventually([&] {
    const ProxyStats stats = host_->Stats();
    return stats.endpoints[0].state == "down" && stats.endpoints[2].state == "down";
  }));
}

TEST_F(FailureTest, ACancelWhileConnectingGivesUp) {
  const RawListener silent("");
  ProxyConfig proxy = ProxyTo("orders", {silent.address()});
  proxy.timeouts.connect = 1h;
  Start(proxy);
  ClientCall call(channel_, "Echo");
  ASSERT_TRUE(Eventually([&] { return host_->Held() > 0; }));
  call.context.TryCancel();
  call.Finish();
  EXPECT_TRUE(Eventually([&] { return host_->Held() == 0; }));
}

TEST_F(FailureTest, AnUpstreamThatDiesEndsItsCallsAndComesBack) {
  auto upstream = std::make_unique<Upstream>();
  const int port = upstream->port();
  Start(ProxyTo("orders", {upstream->address()}));
  ClientCall call(channel_, "Headers");
  ASSERT_TRUE(call.Headers());
  upstream->Kill();
  EXPECT_FALSE(call.Finish().ok());
  EXPECT_TRUE(Eventually([&] { return host_->Held() == 0; }));
  upstream = std::make_unique<Upstream>(port);
  ASSERT_EQ(upstream->port(), port);
  EXPECT_TRUE(Eventually([&] { return Unary(channel_, "Echo", "x").status.ok(); }));
  EXPECT_TRUE(Eventually([&] { return host_->Stats().endpoints[0].state == "up"; }));
}

TEST_F(FailureTest, TheRequestTimeoutEndsACall) {
  Upstream upstream;
  ProxyConfig proxy = ProxyTo("orders", {upstream.address()});
  proxy.timeouts.request = 300ms;
  Start(proxy);
  ClientCall call(channel_, "Hang");
  const grpc::Status status = call.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(Eventually([&] { return upstream.open == 0; }));
}

TEST_F(FailureTest, TheStreamIdleTimeoutEndsASilentStreamOnly) {
  Upstream upstream;
  ProxyConfig proxy = ProxyTo("orders", {upstream.address()});
  proxy.timeouts.stream_idle = 500ms;
  Start(proxy);
  ClientCall busy(channel_, "Echo");
  ClientCall silent(channel_, "Hang");
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(busy.Write("x"));
    ASSERT_TRUE(busy.Read());
    std::this_thread::sleep_for(100ms);  // the rhythm of the stream, not a wait
  }
  EXPECT_THAT(silent.Finish().error_message(), HasSubstr("no message for 500ms (timeouts.stream_idle)"));
  busy.HalfClose();
  EXPECT_TRUE(busy.Finish().ok());
}

// The client reads nothing, so the write to it never ends; the call must not hold its upstream for that.
TEST_F(FailureTest, AStalledClientIsCutByTheStreamIdleTimeout) {
  Upstream upstream;
  ProxyConfig proxy = ProxyTo("orders", {upstream.address()});
  proxy.timeouts.stream_idle = 500ms;
  Start(proxy);
  ClientCall stalled(channel_, "Flood");
  ASSERT_TRUE(stalled.Read());
  EXPECT_TRUE(Eventually([&] { return upstream.open == 0; }, 5s)) << "the upstream's call goes on";
  EXPECT_TRUE(Eventually([&] { return host_->Held() == 0; }, 5s)) << "the call holds what it was given";
}

TEST_F(FailureTest, AFullPoolQueuesAndThenRefuses) {
  Upstream upstream;
  ProxyConfig proxy = ProxyTo("orders", {upstream.address()});
  proxy.pool = Policy("strict", {{"size", "1"}, {"streams", "1"}});
  proxy.timeouts.queue = 300ms;
  Start(proxy);
  ClientCall holder(channel_, "Headers");
  ASSERT_TRUE(holder.Headers());
  const Answer refused = Unary(channel_, "Echo", "x");
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("within 300ms (timeouts.queue)"));
  EXPECT_EQ(host_->Stats().queue_timeouts, 1u);
}

TEST_F(FailureTest, AQueuedCallIsServedWhenTheStreamBeforeItEnds) {
  Upstream upstream;
  ProxyConfig proxy = ProxyTo("orders", {upstream.address()});
  proxy.pool = Policy("strict", {{"size", "1"}, {"streams", "1"}});
  proxy.timeouts.queue = 20s;
  Start(proxy);
  auto holder = std::make_unique<ClientCall>(channel_, "Headers");
  ASSERT_TRUE(holder->Headers());
  ClientCall waiting(channel_, "Echo");
  ASSERT_TRUE(Eventually([&] { return host_->Stats().endpoints[0].queued == 1; }));
  holder.reset();
  waiting.HalfClose();
  EXPECT_TRUE(waiting.Finish().ok());
}

TEST_F(FailureTest, ALimiterRefusesWithItsMessage) {
  Upstream upstream;
  ProxyConfig proxy = ProxyTo("orders", {upstream.address()});
  proxy.limiters = {Policy("token_bucket", {{"rate", "1"}, {"burst", "2"}})};
  Start(proxy);
  int refused = 0;
  for (int i = 0; i < 5; ++i) {
    const Answer answer = Unary(channel_, "Echo", "x");
    refused += answer.status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED ? 1 : 0;
  }
  EXPECT_GE(refused, 2);
  EXPECT_EQ(host_->Stats().limiters.at(0).rejected, static_cast<uint64_t>(refused));
}

}  // namespace
}  // namespace myelin::test
