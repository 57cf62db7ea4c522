// SPDX-License-Identifier: Apache-2.0
//
// Frames in any order, right and wrong, from a client and from upstreams, through the whole frame pump. An input is a
// list of steps; each takes what it needs from the input's bytes.
#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <string>
#include <utility>

#include "fuzz/frames.h"
#include "fuzz/relay_world.h"

namespace myelin::frame::fuzz {
namespace {

class Script {
 public:
  Script(const uint8_t* data, size_t size) : input_(data, size) {}
  void Run();

 private:
  enum class Step : uint8_t {
    kHeaders,
    kData,
    kReset,
    kWindow,
    kSettings,
    kPing,
    kGoaway,
    kAnyFrame,
    kBytes,
    kTurn,
    kPass,
    kStall,
    kClose,
    kDrain,
    kMaxValue
  };

  uint32_t StreamId() { return input_.ConsumeIntegralInRange<uint32_t>(0, 15); }
  uint8_t Byte() { return input_.ConsumeIntegral<uint8_t>(); }
  std::string Text() { return input_.ConsumeRandomLengthString(64); }
  void Take(Step step);
  void TakeControl(Step step);
  std::string FrameOf(Step step);
  std::string Headers();
  std::string Block();
  std::string Data();
  std::string Settings();
  void Send(const std::string& bytes);

  FuzzedDataProvider input_;
  RelayWorld world_;
  bool to_upstream_ = false;  // the peer whose step it is
};

void Script::Run() {
  const uint8_t start = Byte();
  if ((start & 1) == 0) world_.client().Send(NGHTTP2_CLIENT_MAGIC + Frame(NGHTTP2_SETTINGS, 0, 0, ""));
  if ((start & 2) == 0) world_.SetUpstreamGreeting(Frame(NGHTTP2_SETTINGS, 0, 0, ""));
  for (int steps = 0; steps < 200 && input_.remaining_bytes() > 0; ++steps) {
    const uint8_t what = Byte();
    to_upstream_ = (what & 0x80) != 0;
    const bool batched = (what & 0x40) != 0;
    Take(static_cast<Step>((what & 0x3f) % static_cast<uint8_t>(Step::kMaxValue)));
    if (!batched) world_.Turn();
  }
  world_.Turn();
}

void Script::Take(Step step) {
  if (step >= Step::kTurn) {
    TakeControl(step);
  } else {
    Send(FrameOf(step));
  }
}

void Script::TakeControl(Step step) {
  PeerSocket* peer = to_upstream_ ? world_.upstream() : &world_.client();
  switch (step) {
    case Step::kPass:
      world_.Pass(uint64_t{1'000'000} << (Byte() % 16));
      break;
    case Step::kStall:
      if (peer != nullptr) peer->Stall((Byte() & 1) != 0);
      break;
    case Step::kClose:
      if (peer != nullptr) peer->Close();
      if (!to_upstream_ && (Byte() & 1) != 0) {
        world_.Connect();
        Send(NGHTTP2_CLIENT_MAGIC + Frame(NGHTTP2_SETTINGS, 0, 0, ""));
      }
      break;
    case Step::kDrain:
      if ((Byte() & 7) == 7) world_.Drain();
      break;
    default:
      world_.Turn();
      break;
  }
}

std::string Script::FrameOf(Step step) {
  switch (step) {
    case Step::kHeaders:
      return Headers();
    case Step::kData:
      return Data();
    case Step::kReset:
      return Frame(NGHTTP2_RST_STREAM, 0, StreamId(), BigEndian(Byte() % 16, 4));
    case Step::kWindow:
      return Frame(NGHTTP2_WINDOW_UPDATE, 0, StreamId(), BigEndian(uint64_t{1} << (Byte() % 32), 4));
    case Step::kSettings:
      return Settings();
    case Step::kPing:
      return Frame(NGHTTP2_PING, Byte() & 1, 0, "12345678");
    case Step::kGoaway:
      return Frame(NGHTTP2_GOAWAY, 0, 0, BigEndian(StreamId(), 4) + BigEndian(Byte() % 16, 4) + Text());
    case Step::kAnyFrame: {
      const uint8_t type = Byte() % 12;
      const uint8_t flags = Byte();
      const uint32_t stream_id = StreamId();
      return Frame(type, flags, stream_id, Text());
    }
    default:
      return Text();
  }
}

// The bits of `shape` say whether the block ends the stream, whether it is cut into frames, and where first.
std::string Script::Headers() {
  const uint32_t stream_id = StreamId();
  const uint8_t shape = Byte();
  const uint8_t end = shape & NGHTTP2_FLAG_END_STREAM;
  const std::string block = Block();
  if ((shape & 2) == 0) return Frame(NGHTTP2_HEADERS, end | NGHTTP2_FLAG_END_HEADERS, stream_id, block);
  constexpr size_t kLargest = 16'384;
  size_t at = std::min<size_t>(shape >> 2, block.size());
  std::string frames = Frame(NGHTTP2_HEADERS, end, stream_id, block.substr(0, at));
  for (; block.size() - at > kLargest; at += kLargest) {
    frames += Frame(NGHTTP2_CONTINUATION, 0, stream_id, block.substr(at, kLargest));
  }
  return frames + Frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, stream_id, block.substr(at));
}

std::string Script::Block() {
  static const std::string request = Field(":method", "POST") + Field(":scheme", "http") + Field(":path", "/a.B/C") +
                                     Field(":authority", "x") + Field("content-type", "application/grpc");
  static const std::string response = Field(":status", "200") + Field("content-type", "application/grpc");
  static const std::string trailers = Field("grpc-status", "0");
  static constexpr std::array<const char*, 16> kNames{
      ":method",      ":scheme", ":path",        ":authority", ":status",     "host",           "te",
      "content-type", "x",       "grpc-timeout", "x-data-bin", "grpc-status", "content-length", "grpc-message",
      "connection",   "cookie"};
  const uint8_t kind = Byte();
  std::string block;
  if ((kind & 3) == 0) block = to_upstream_ ? response : request;
  if ((kind & 3) == 1) block = trailers;
  if ((kind & 3) == 2) block = to_upstream_ ? response + trailers : request + Field("grpc-timeout", "1S");
  for (int i = (kind >> 2) & 3; i > 0; --i) {
    const std::string name = (kind & 0x10) != 0 ? Text() : kNames[Byte() % kNames.size()];
    block += Field(name, Text());
  }
  if ((kind & 0x20) != 0) block += Text();
  if ((kind & 0x40) != 0) {
    for (int i = 0; i < 2000; ++i) block += Field("x-large", "large");
  }
  return block;
}

std::string Script::Data() {
  const uint32_t stream_id = StreamId();
  const uint8_t shape = Byte();
  std::string payload = (shape & 2) != 0 ? Text() : Message(size_t{1} << (shape >> 4));
  uint8_t flags = shape & NGHTTP2_FLAG_END_STREAM;
  if ((shape & 4) != 0) {
    flags |= NGHTTP2_FLAG_PADDED;
    payload = static_cast<char>(Byte()) + payload;
  }
  return Frame(NGHTTP2_DATA, flags, stream_id, payload);
}

std::string Script::Settings() {
  const uint8_t shape = Byte();
  if ((shape & 1) != 0) return Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "");
  std::string payload;
  for (int i = (shape >> 1) & 3; i > 0; --i) {
    payload += BigEndian(Byte() % 10, 2) + BigEndian((uint64_t{1} << (Byte() % 33)) - 1, 4);
  }
  return Frame(NGHTTP2_SETTINGS, 0, 0, payload);
}

void Script::Send(const std::string& bytes) {
  PeerSocket* peer = to_upstream_ ? world_.upstream() : &world_.client();
  if (peer != nullptr) peer->Send(bytes);
}

}  // namespace
}  // namespace myelin::frame::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  myelin::frame::fuzz::Script(data, size).Run();
  return 0;
}
