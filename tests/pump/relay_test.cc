// SPDX-License-Identifier: Apache-2.0
//
// What a call keeps on its way through the pump: shapes, metadata, statuses, messages.
#include <numeric>

#include "pump/client.h"
#include "pump/host.h"
#include "pump/upstream.h"

namespace myelin::test {
namespace {

using ::testing::ElementsAre;

using MetadataMap = std::multimap<grpc::string_ref, grpc::string_ref>;

std::vector<std::string> Values(const MetadataMap& metadata, const std::string& key) {
  std::vector<std::string> values;
  const auto [first, last] = metadata.equal_range(key);
  for (auto it = first; it != last; ++it) values.emplace_back(it->second.data(), it->second.size());
  return values;
}

class RelayTest : public ::testing::Test {
 protected:
  RelayTest() {
    host_.Start();
    channel_ = Connect(host_.address());
  }
  ~RelayTest() override {
    EXPECT_TRUE(Eventually([&] { return host_.Held() == 0; })) << host_.Held();
  }

  Upstream upstream_;
  Host host_{ProxyTo("orders", {upstream_.address()})};
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(RelayTest, UnaryCallsComeBack) {
  for (int i = 0; i < 200; ++i) {
    const std::string text = "message " + std::to_string(i);
    const Answer answer = Unary(channel_, "Echo", text);
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
    ASSERT_EQ(answer.message, text);
  }
  EXPECT_TRUE(Eventually([&] { return host_.Stats().calls[MYELIN_GRPC_OK] == 200; }));
}

TEST_F(RelayTest, ConnectionsAreCountedWhereTheyCameIn) {
  const auto count = [&] {
    const std::vector<uint64_t> each = host_.Stats().downstream_connections;
    return std::accumulate(each.begin(), each.end(), uint64_t{0});
  };
  if (PumpUnderTest() == PumpKind::kGeneric) {
    EXPECT_TRUE(host_.Stats().downstream_connections.empty());
    return;
  }
  EXPECT_EQ(host_.Stats().downstream_connections.size(), 2u);  // workers
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < 8; ++i) {
    channels.push_back(Connect(host_.address()));
    ASSERT_TRUE(Unary(channels.back(), "Echo", "x").status.ok());
  }
  EXPECT_EQ(count(), 8u);
  channels.clear();
  EXPECT_TRUE(Eventually([&] { return count() == 0; })) << count();
}

TEST_F(RelayTest, StreamsPingPongBothWays) {
  ClientCall call(channel_, "Echo");
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(call.Write(std::to_string(i)));
    ASSERT_EQ(call.Read(), std::to_string(i));
  }
  call.HalfClose();
  EXPECT_EQ(call.Read(), std::nullopt);
  EXPECT_TRUE(call.Finish().ok());
}

TEST_F(RelayTest, EmptyMessagesAreMessages) {
  ClientCall call(channel_, "Echo");
  ASSERT_TRUE(call.Write(""));
  EXPECT_EQ(call.Read(), "");
  call.HalfClose();
  EXPECT_EQ(call.Read(), std::nullopt);
  EXPECT_TRUE(call.Finish().ok());
}

TEST_F(RelayTest, ClientStreamsAreCollected) {
  ClientCall call(channel_, "Collect");
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(call.Write(std::string(1000, 'x')));
  call.HalfClose();
  EXPECT_EQ(call.Read(), "50000");
  EXPECT_TRUE(call.Finish().ok());
}

TEST_F(RelayTest, AHalfCloseWithoutAMessageReachesTheUpstream) {
  ClientCall call(channel_, "Collect");
  call.HalfClose();
  EXPECT_EQ(call.Read(), "0");
  EXPECT_TRUE(call.Finish().ok());
}

TEST_F(RelayTest, HeadersComeBeforeAnyMessage) {
  ClientCall call(channel_, "Headers", [](grpc::ClientContext& context) { context.AddMetadata("x-key", "v"); });
  ASSERT_TRUE(call.Headers());
  EXPECT_THAT(Values(call.context.GetServerInitialMetadata(), "x-key"), ElementsAre("v"));
  ASSERT_TRUE(call.Write("after"));
  EXPECT_EQ(call.Read(), "after");
  call.HalfClose();
  EXPECT_TRUE(call.Finish().ok());
}

TEST_F(RelayTest, AServerMayFinishFirst) {
  ClientCall call(channel_, "Early");
  EXPECT_EQ(call.Read(), "early");
  EXPECT_EQ(call.Read(), std::nullopt);
  EXPECT_TRUE(call.Finish().ok());
}

TEST_F(RelayTest, AServerMayFinishWhileTheClientGoesOnWriting) {
  ClientCall call(channel_, "Early");
  while (call.Write(std::string(100'000, 'w'))) {
  }
  EXPECT_EQ(call.Read(), "early");
  EXPECT_TRUE(call.Finish().ok());
}

TEST_F(RelayTest, DuplicatesKeepTheirOrderAndBinaryValuesTheirBytes) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  ClientCall call(channel_, "Echo", [&](grpc::ClientContext& context) {
    context.AddMetadata("x-dup", "one");
    context.AddMetadata("x-other", "between");
    context.AddMetadata("x-dup", "two, with comma");
    context.AddMetadata("x-dup", "three");
    context.AddMetadata("x-data-bin", all);
    context.AddMetadata("x-data-bin", "");
  });
  call.HalfClose();
  EXPECT_EQ(call.Read(), std::nullopt);
  EXPECT_TRUE(call.Finish().ok());
  for (const MetadataMap& metadata :
       {call.context.GetServerInitialMetadata(), call.context.GetServerTrailingMetadata()}) {
    EXPECT_THAT(Values(metadata, "x-dup"), ElementsAre("one", "two, with comma", "three"));
    EXPECT_THAT(Values(metadata, "x-data-bin"), ElementsAre(all, ""));
  }
}

TEST_F(RelayTest, ErrorsKeepMessageAndDetailsAfterAMessage) {
  ClientCall call(channel_, "Error");
  EXPECT_EQ(call.Read(), "before the error");
  EXPECT_EQ(call.Read(), std::nullopt);
  const grpc::Status status = call.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no such Käse, 100 %\n");
  EXPECT_EQ(status.error_details(), std::string("\x00\xff\x01 details", 11));
  EXPECT_TRUE(Eventually([&] { return host_.Stats().calls[MYELIN_GRPC_NOT_FOUND] == 1; }));
}

TEST_F(RelayTest, ErrorsWithoutHeadersKeepDetailsOnceAndTrailers) {
  ClientCall call(channel_, "Refuse", [](grpc::ClientContext& context) { context.AddMetadata("x-key", "v"); });
  const grpc::Status status = call.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_details(), std::string("\x00\xff\x01 details", 11));
  EXPECT_EQ(Values(call.context.GetServerTrailingMetadata(), "grpc-status-details-bin").size(), 1u);
  EXPECT_THAT(Values(call.context.GetServerTrailingMetadata(), "x-key"), ElementsAre("v"));
}

TEST_F(RelayTest, A64MiBMessagePasses) {
  const std::string big(64 << 20, 'b');
  const Answer answer = Unary(channel_, "Echo", big, 60s);
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_TRUE(answer.message == big);
}

TEST_F(RelayTest, TheDeadlineIsHandedOn) {
  ClientCall call(channel_, "Echo",
                  [](grpc::ClientContext& context) { context.set_deadline(std::chrono::system_clock::now() + 8s); });
  call.HalfClose();
  EXPECT_TRUE(call.Finish().ok());
  EXPECT_LE(upstream_.last_timeout_ms, 8'100);
  EXPECT_GE(upstream_.last_timeout_ms, 5'000);
}

TEST_F(RelayTest, APassedDeadlineEndsBothSides) {
  const auto start = std::chrono::steady_clock::now();
  ClientCall call(channel_, "Hang",
                  [](grpc::ClientContext& context) { context.set_deadline(std::chrono::system_clock::now() + 200ms); });
  EXPECT_EQ(call.Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  EXPECT_TRUE(Eventually([&] { return upstream_.open == 0; }));
}

TEST_F(RelayTest, ACancelReachesTheUpstream) {
  ClientCall call(channel_, "Hang");
  ASSERT_TRUE(Eventually([&] { return upstream_.open == 1; }));
  call.context.TryCancel();
  EXPECT_EQ(call.Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Eventually([&] { return upstream_.cancelled == 1; }));
  EXPECT_TRUE(Eventually([&] { return host_.Stats().calls[MYELIN_GRPC_CANCELLED] == 1; }));
}

TEST_F(RelayTest, ALostDownstreamCancelsTheUpstream) {
  {
    const auto own = Connect(host_.address());
    ClientCall call(own, "Hang");
    ASSERT_TRUE(Eventually([&] { return upstream_.open == 1; }));
  }
  EXPECT_TRUE(Eventually([&] { return upstream_.open == 0 && host_.Held() == 0; }));
}

TEST_F(RelayTest, TwoThousandCancelsLeaveNothingBehind) {
  for (int i = 0; i < 2'000; ++i) {
    ClientCall call(channel_, i % 2 == 0 ? "Hang" : "Headers");
    if (i % 3 == 0) call.Write("x");
    call.context.TryCancel();
    call.Finish();
  }
  EXPECT_TRUE(Eventually([&] { return host_.Held() == 0 && upstream_.open == 0; }))
      << host_.Held() << " held, " << upstream_.open << " open upstream";
  EXPECT_EQ(Unary(Connect(upstream_.address()), "Echo", "direct").status.error_message(), "");
  EXPECT_EQ(Unary(channel_, "Echo", "still here").status.error_message(), "");
}

TEST_F(RelayTest, AThousandStreamsAtOnceAllHoldAndAllEnd) {
  std::vector<std::unique_ptr<ClientCall>> calls;
  for (int i = 0; i < 1'000; ++i) calls.push_back(std::make_unique<ClientCall>(channel_, "Headers"));
  for (auto& call : calls) ASSERT_TRUE(call->Headers());
  EXPECT_EQ(host_.generation().in_flight(), 1'000u);
  for (size_t i = 0; i < calls.size(); ++i) ASSERT_TRUE(calls[i]->Write(std::to_string(i)));
  for (size_t i = 0; i < calls.size(); ++i) {
    ASSERT_EQ(calls[i]->Read(), std::to_string(i));
    calls[i]->HalfClose();
    ASSERT_TRUE(calls[i]->Finish().ok());
  }
}

TEST_F(RelayTest, ASlowReaderStopsTheSender) {
  ClientCall call(channel_, "Flood");
  ASSERT_TRUE(call.Read());
  int last = -1;
  int same = 0;
  ASSERT_TRUE(Eventually([&] {
    const int now = upstream_.flood_written;
    same = now == last ? same + 1 : 0;
    last = now;
    return same > 200;
  })) << "the sender is not stopped";
  EXPECT_LT(last, 16 * 16) << "more than 16 MiB under way, the kernel's buffers included";
  for (int i = 0; i < 400; ++i) ASSERT_EQ(call.Read()->size(), 64u << 10);
  EXPECT_GT(upstream_.flood_written, last) << "and goes on when it is read";
}

TEST_F(RelayTest, OneSlowReaderDoesNotStopOthersOnItsConnection) {
  ClientCall slow(channel_, "Flood");
  ASSERT_TRUE(slow.Read());
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(Unary(channel_, "Echo", std::string(10'000, 'q')).status.ok());
}

}  // namespace
}  // namespace myelin::test
