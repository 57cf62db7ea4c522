// SPDX-License-Identifier: Apache-2.0
#include "config/limits.h"

#include <utility>

namespace myelin {
namespace {

constexpr uint64_t kMiB = 1 << 20;
// A frame has up to 16 KiB, and a window that holds less than a few would stop every sender all the time.
constexpr uint64_t kLeastBuffer = 64 << 10;

void ReadNumbers(MapReader& limits, ProxyLimits& into) {
  into.max_connections = limits.Whole("max_connections", into.max_connections, 1, 10'000'000);
  into.max_streams = limits.Whole("max_streams", into.max_streams, 1, 1'000'000);
  into.max_queued = limits.Whole("max_queued", into.max_queued, 0, 10'000'000);
}

void CheckBuffers(const MapReader& limits, const HostLimits& read) {
  const std::pair<const char*, uint64_t> buffers[] = {{"stream_buffer", read.stream_buffer},
                                                      {"connection_buffer", read.connection_buffer},
                                                      {"worker_buffer", read.worker_buffer}};
  for (size_t i = 0; i + 1 < std::size(buffers); ++i) {
    const auto& [smaller, bytes] = buffers[i];
    const auto& [larger, more_bytes] = buffers[i + 1];
    if (bytes <= more_bytes) continue;
    limits.diagnostics().Error(limits.origin(), std::string("limits: ") + smaller + " " + FormatSize(bytes) +
                                                    " is more than " + larger + " " + FormatSize(more_bytes) +
                                                    "; accepted: up to that");
  }
}

}  // namespace

HostLimits ReadHostLimits(MapReader& map, ProxyLimits& proxies) {
  MapReader limits(map.Find("limits"), map.Path("limits"), map.diagnostics());
  HostLimits host;
  ReadNumbers(limits, proxies);
  host.stream_buffer =
      static_cast<uint32_t>(limits.Bytes("stream_buffer", host.stream_buffer, 512 * kMiB, kLeastBuffer));
  host.connection_buffer = limits.Bytes("connection_buffer", host.connection_buffer, kMiB * kMiB, kLeastBuffer);
  host.worker_buffer = limits.Bytes("worker_buffer", host.worker_buffer, kMiB * kMiB, kMiB);
  host.max_header_bytes =
      static_cast<uint32_t>(limits.Bytes("max_header_bytes", host.max_header_bytes, 16 * kMiB, 1024));
  host.max_header_fields = limits.Whole("max_header_fields", host.max_header_fields, 10, 100'000);
  host.header_timeout = limits.Time("header_timeout", host.header_timeout, {std::chrono::milliseconds(1)});
  limits.Finish();
  CheckBuffers(limits, host);
  map.Note("limits", limits.TakeEffective());
  return host;
}

ProxyLimits ReadProxyLimits(MapReader& map, const ProxyLimits& fallback, const Node* top) {
  const Node* own = map.Find("limits");
  MapReader limits(own, map.Path("limits"), map.diagnostics());
  ProxyLimits read = fallback;
  ReadNumbers(limits, read);
  limits.Finish();
  Node effective = limits.TakeEffective();
  for (const char* key : {"max_connections", "max_streams", "max_queued"}) {
    const Node* inherited = top == nullptr ? nullptr : top->Find(key);
    if (inherited != nullptr && (own == nullptr || own->Find(key) == nullptr)) effective.Set(key, *inherited);
  }
  map.Note("limits", std::move(effective));
  return read;
}

}  // namespace myelin
