// SPDX-License-Identifier: Apache-2.0
//
// Address blocks at their edges, peers of each kind, and what is refused.
#include "access/cidr.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "plugins/support/fake_call.h"

namespace myelin::access {
namespace {

std::optional<Address> Peer(const std::string& text) {
  test::FakeCall call;
  if (inet_pton(AF_INET, text.c_str(), call.call.peer_ip) == 1) {
    call.call.peer_family = MYELIN_PEER_IPV4;
  } else if (inet_pton(AF_INET6, text.c_str(), call.call.peer_ip) == 1) {
    call.call.peer_family = MYELIN_PEER_IPV6;
  }
  return PeerAddress(sdk::CallView(&call.call));
}

struct CidrCase {
  const char* block;
  const char* peer;
  bool contains;
};

class CidrContains : public testing::TestWithParam<CidrCase> {};

TEST_P(CidrContains, DecidesAsExpected) {
  const CidrCase& c = GetParam();
  EXPECT_EQ(Cidr(c.block).Contains(Peer(c.peer).value()), c.contains) << c.peer << " in " << c.block;
}

INSTANTIATE_TEST_SUITE_P(
    Ipv4, CidrContains,
    testing::Values(CidrCase{"0.0.0.0/0", "0.0.0.0", true}, CidrCase{"0.0.0.0/0", "255.255.255.255", true},
                    CidrCase{"0.0.0.0/0", "::1", false}, CidrCase{"10.0.0.0/8", "10.255.255.255", true},
                    CidrCase{"10.0.0.0/8", "11.0.0.0", false}, CidrCase{"10.0.0.0/8", "9.255.255.255", false},
                    CidrCase{"10.0.0.128/25", "10.0.0.128", true}, CidrCase{"10.0.0.128/25", "10.0.0.127", false},
                    CidrCase{"10.0.0.128/25", "10.0.0.255", true}, CidrCase{"10.0.0.128/25", "10.0.1.0", false},
                    CidrCase{"10.0.0.1/32", "10.0.0.1", true}, CidrCase{"10.0.0.1/32", "10.0.0.2", false},
                    CidrCase{"10.0.0.1", "10.0.0.1", true}, CidrCase{"10.0.0.1", "10.0.0.0", false},
                    CidrCase{"10.0.0.0/31", "10.0.0.1", true}, CidrCase{"10.0.0.0/31", "10.0.0.2", false}));

INSTANTIATE_TEST_SUITE_P(Ipv6, CidrContains,
                         testing::Values(CidrCase{"::/0", "2001:db8::1", true}, CidrCase{"::/0", "10.0.0.1", false},
                                         CidrCase{"::1/128", "::1", true}, CidrCase{"::1/128", "::2", false},
                                         CidrCase{"::1", "::1", true},
                                         CidrCase{"2001:db8::/32", "2001:db8:ffff::", true},
                                         CidrCase{"2001:db8::/32", "2001:db9::", false},
                                         CidrCase{"2001:db8::/64", "2001:db8::ffff:1", true},
                                         CidrCase{"2001:db8::/64", "2001:db8:0:1::", false},
                                         CidrCase{"2001:db8::/65", "2001:db8:0:0:7fff::", true},
                                         CidrCase{"2001:db8::/65", "2001:db8:0:0:8000::", false},
                                         CidrCase{"2001:db8::2/127", "2001:db8::3", true},
                                         CidrCase{"2001:db8::2/127", "2001:db8::4", false}));

INSTANTIATE_TEST_SUITE_P(
    Mapped, CidrContains,
    testing::Values(CidrCase{"10.0.0.0/8", "::ffff:10.1.2.3", true}, CidrCase{"10.0.0.0/8", "::ffff:11.1.2.3", false},
                    CidrCase{"::ffff:10.0.0.0/104", "10.1.2.3", true}, CidrCase{"::ffff:0:0/96", "10.1.2.3", true},
                    CidrCase{"::ffff:0:0/96", "::1", false}, CidrCase{"::/0", "::ffff:10.1.2.3", false},
                    CidrCase{"0.0.0.0/0", "::ffff:10.1.2.3", true}));

TEST(Cidr, PeersWithoutAnAddressHaveNone) {
  test::FakeCall call;
  call.call.peer_family = MYELIN_PEER_UNIX;
  EXPECT_FALSE(PeerAddress(sdk::CallView(&call.call)).has_value());
  call.call.peer_family = MYELIN_PEER_UNKNOWN;
  EXPECT_FALSE(PeerAddress(sdk::CallView(&call.call)).has_value());
}

TEST(Cidr, WhatIsNoBlockIsRefused) {
  for (const char* text : {"",
                           "/",
                           "/8",
                           "10.0.0/8",
                           "10.0.0.0.0/8",
                           "10.0.0.256",
                           "localhost",
                           "10.0.0.0 /8",
                           "fe80::1%lo",
                           "unix:/run/x",
                           "10.0.0.0/",
                           "10.0.0.0/33",
                           "10.0.0.0/-1",
                           "10.0.0.0/+8",
                           "10.0.0.0/8 ",
                           "10.0.0.0/8/8",
                           "10.0.0.0/0008",
                           "::/129",
                           "::/x",
                           "::ffff:0:0/95"}) {
    EXPECT_THROW(Cidr{text}, std::invalid_argument) << text;
  }
}

TEST(Cidr, RefusalsSayWhatIsAccepted) {
  using testing::ThrowsMessage;
  EXPECT_THAT([] { Cidr("10/8"); }, ThrowsMessage<std::invalid_argument>(
                                        "'10/8' is not an address block; 10.0.0.0/8, 2001:db8::/32 or a single "
                                        "address is accepted"));
  EXPECT_THAT([] { Cidr("10.0.0.0/40"); },
              ThrowsMessage<std::invalid_argument>("'10.0.0.0/40' has no valid prefix length; 0 to 32 is accepted"));
  EXPECT_THAT([] { Cidr("10.1.2.3/8"); }, ThrowsMessage<std::invalid_argument>(
                                              "'10.1.2.3/8' has bits beyond its prefix; did you mean 10.0.0.0/8?"));
  EXPECT_THAT(
      [] { Cidr("2001:db8::1/32"); },
      ThrowsMessage<std::invalid_argument>("'2001:db8::1/32' has bits beyond its prefix; did you mean 2001:db8::/32?"));
}

}  // namespace
}  // namespace myelin::access
