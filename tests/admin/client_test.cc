// SPDX-License-Identifier: Apache-2.0
#include "admin/client.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "admin/fixture.h"

namespace myelin {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

class AdminClientTest : public test::AdminTest {};

TEST_F(AdminClientTest, PostsTheBodyAndReturnsTheAnswer) {
  AdminHooks hooks;
  hooks.swap = [](std::string_view body) { return CommandReply{body == "{}", "swapped"}; };
  Start(std::move(hooks));
  AdminAnswer answer = AdminPost(address(), "/swap", "{}", 10s);
  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(AnswerText(answer), "swapped");
  answer = AdminPost(address(), "/swap", "", 10s);
  EXPECT_EQ(answer.status, 422);
  EXPECT_FALSE(answer.ok());
}

TEST_F(AdminClientTest, GetsPages) {
  Start();
  const AdminAnswer answer = AdminGet(address(), "/healthz", 10s);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(AnswerText(answer), "ok\n");
}

TEST_F(AdminClientTest, NoHostMeansThisMachine) {
  Start();
  EXPECT_TRUE(AdminGet(address().substr(address().rfind(':')), "/healthz", 10s).ok());
}

TEST_F(AdminClientTest, WhatIsNoAddressIsSaid) {
  for (const std::string bad : {"", "9850", "127.0.0.1:0", "127.0.0.1:x"}) {
    const AdminAnswer answer = AdminPost(bad, "/drain", "", 10s);
    EXPECT_EQ(answer.status, 0);
    EXPECT_THAT(AnswerText(answer), HasSubstr("is no admin address")) << bad;
  }
}

/// A listening socket that a test drives by hand.
class Peer {
 public:
  Peer() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(to);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&to), size), 0);
    EXPECT_EQ(::listen(fd_, 1), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&to), &size), 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(to.sin_port));
  }
  ~Peer() { Close(); }

  const std::string& address() const { return address_; }
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void AnswerOnce(std::string_view bytes) const {
    const int fd = ::accept(fd_, nullptr, nullptr);
    EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    ::close(fd);
  }

 private:
  int fd_;
  std::string address_;
};

TEST_F(AdminClientTest, NobodyThereIsSaidWithTheAddress) {
  Peer peer;
  peer.Close();
  const AdminAnswer answer = AdminPost(peer.address(), "/drain", "", 10s);
  EXPECT_EQ(answer.status, 0);
  EXPECT_THAT(AnswerText(answer), AllOf(HasSubstr(peer.address()), HasSubstr("connection refused")));
}

TEST_F(AdminClientTest, SilenceEndsAtTheTimeout) {
  Peer peer;
  const AdminAnswer answer = AdminPost(peer.address(), "/drain", "", 200ms);
  EXPECT_EQ(answer.status, 0);
  EXPECT_THAT(AnswerText(answer), HasSubstr("no answer within 200ms"));
}

TEST_F(AdminClientTest, APeerThatSpeaksSomethingElseIsSaid) {
  Peer peer;
  std::thread other([&] { peer.AnswerOnce("SSH-2.0-OpenSSH_9.2\r\n\r\n"); });
  const AdminAnswer answer = AdminPost(peer.address(), "/drain", "", 10s);
  other.join();
  EXPECT_EQ(answer.status, 0);
  EXPECT_THAT(AnswerText(answer), HasSubstr("does not speak HTTP/1.1"));
}

}  // namespace
}  // namespace myelin
