// SPDX-License-Identifier: Apache-2.0
#include "pump/generic/channel_options.h"

#include <limits>

namespace myelin::generic {
namespace {

constexpr int kMaxHeaderBytes = 128 * 1024;
// A stream's receive window. Fixed, for a window that grows by itself lets stalled streams take memory without bound.
constexpr int kStreamWindow = 256 * 1024;

int Milliseconds(Duration duration) {
  const int64_t ms = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return static_cast<int>(std::min<int64_t>(ms, std::numeric_limits<int>::max()));
}

// `Set` takes a name and an int.
template <typename Set>
void ApplyCommon(const Set& set) {
  set(GRPC_ARG_MAX_METADATA_SIZE, kMaxHeaderBytes);
  set(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  set(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindow);
  set(GRPC_ARG_ENABLE_DEADLINE_CHECKS, 0);
  // Messages are inflated on the way in and never deflated on the way out; see the table of pumps.
  set(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 1);
  set(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
  set(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, -1);
  set(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, -1);
}

}  // namespace

void ApplyServerOptions(grpc::ServerBuilder& builder, uint32_t max_streams) {
  ApplyCommon([&](const char* name, int value) { builder.AddChannelArgument(name, value); });
  builder.AddChannelArgument(GRPC_ARG_MINIMAL_STACK, 1);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(max_streams));
  // Lenient towards clients that ping: they follow their own network's needs.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
}

void ApplyClientOptions(const ConnectionOptions& options, grpc::ChannelArguments& arguments) {
  ApplyCommon([&](const char* name, int value) { arguments.SetInt(name, value); });
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // Retries are the transparent ones: of a call that the peer provably never saw (gRFC A6). The minimal stack has none.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 1);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS, std::numeric_limits<int>::max());
  // The host times connects and backs off; grpc's own must neither give up earlier nor try again by itself.
  const int attempt = Milliseconds(options.connect_timeout + std::chrono::seconds(1));
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, attempt);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, attempt);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, attempt);
  if (options.keepalive_time > Duration::zero()) {
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_time));
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive_timeout));
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  }
}

}  // namespace myelin::generic
