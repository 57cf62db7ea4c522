// SPDX-License-Identifier: Apache-2.0
#include "upstream/endpoint.h"

#include <algorithm>

namespace myelin {
namespace {

uint64_t NextEndpointId() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

myelin_string View(const std::string& text) { return {text.data(), text.size()}; }

}  // namespace

size_t LatencyBucket(uint64_t ns) {
  // In nanoseconds beforehand, for this is on the way of every call.
  static constexpr auto kBoundsNs = [] {
    std::array<uint64_t, kLatencyBounds.size()> bounds{};
    for (size_t i = 0; i < bounds.size(); ++i) bounds[i] = static_cast<uint64_t>(kLatencyBounds[i] * 1e9 + 0.5);
    return bounds;
  }();
  return static_cast<size_t>(std::lower_bound(kBoundsNs.begin(), kBoundsNs.end(), ns) - kBoundsNs.begin());
}

Endpoint::Endpoint(Spec spec, uint32_t slot, uint32_t workers)
    : spec_(std::move(spec)),
      id_(NextEndpointId()),
      slot_(slot),
      weight_(spec_.weight),
      cell_(std::make_unique<myelin_endpoint_cell>()),
      counters_(workers) {
  *cell_ = myelin_endpoint_cell{};
  cell_->struct_size = sizeof(myelin_endpoint_cell);
  for (const auto& [key, value] : spec_.metadata) pairs_.push_back({View(key), View(value)});
}

Endpoint::~Endpoint() {
  for (const auto& counters : counters_) delete counters.load();
}

EndpointCounters& Endpoint::MakeCounters(uint32_t worker) const {
  auto* counters = new EndpointCounters;
  counters_[worker].store(counters, std::memory_order_release);
  return *counters;
}

std::string Endpoint::Label() const {
  return spec_.name.empty() ? spec_.address : spec_.address + " (" + spec_.name + ")";
}

void Endpoint::AddInFlight() const {
  __atomic_fetch_add(&cell_->in_flight, 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&cell_->picked_total, 1, __ATOMIC_RELAXED);
}

void Endpoint::EndCall(bool failed) const {
  __atomic_fetch_sub(&cell_->in_flight, 1, __ATOMIC_RELAXED);
  if (failed) __atomic_fetch_add(&cell_->failed_total, 1, __ATOMIC_RELAXED);
}

// Two workers may overwrite each other's sample; a moving average bears that.
void Endpoint::AddLatency(uint64_t first_byte_ns) const {
  const uint64_t old = myelin_load_u64(&cell_->latency_ns);
  const uint64_t average = old == 0 ? first_byte_ns : old - old / 8 + first_byte_ns / 8;
  __atomic_store_n(&cell_->latency_ns, std::max<uint64_t>(average, 1), __ATOMIC_RELAXED);
}

bool Endpoint::SetState(uint32_t state, uint64_t now_ns) {
  if (this->state() == state) return false;
  if (state == MYELIN_ENDPOINT_UP) joined_ns_ = now_ns;
  __atomic_store_n(&cell_->state, state, __ATOMIC_RELAXED);
  return true;
}

myelin_endpoint Endpoint::Abi() const {
  myelin_endpoint abi{};
  abi.struct_size = sizeof(myelin_endpoint);
  abi.weight = weight();
  abi.id = id_;
  abi.priority = spec_.priority;
  abi.pair_count = static_cast<uint32_t>(pairs_.size());
  abi.pairs = pairs_.data();
  abi.address = View(spec_.address);
  abi.locality = View(spec_.locality);
  abi.joined_ns = joined_ns_;
  abi.cell = cell_.get();
  return abi;
}

EndpointStats Endpoint::Stats() const {
  EndpointStats stats;
  stats.address = spec_.address;
  stats.id = id_;
  stats.name = spec_.name;
  stats.weight = weight();
  const uint32_t state_now = state();
  stats.state = state_now == MYELIN_ENDPOINT_UP ? "up" : state_now == MYELIN_ENDPOINT_DOWN ? "down" : "draining";
  stats.in_flight = in_flight();
  uint64_t latency_ns = 0;
  for (const auto& owned : counters_) {
    const EndpointCounters* counters = owned.load(std::memory_order_acquire);
    if (counters == nullptr) continue;
    for (size_t i = 0; i < stats.calls.size(); ++i) stats.calls[i] += counters->calls[i].Get();
    for (size_t i = 0; i < stats.latency.buckets.size(); ++i) stats.latency.buckets[i] += counters->latency[i].Get();
    latency_ns += counters->latency_sum_ns.Get();
    stats.bytes_sent += counters->bytes_sent.Get();
    stats.bytes_received += counters->bytes_received.Get();
    stats.messages_sent += counters->messages_sent.Get();
    stats.messages_received += counters->messages_received.Get();
    stats.connections_connecting += counters->connecting.Get();
    stats.connections_ready += counters->ready.Get();
    stats.connections_draining += counters->draining.Get();
    stats.connections_opened += counters->opened.Get();
    stats.connect_failures += counters->connect_failures.Get();
    stats.queued += counters->queued.Get();
  }
  for (uint64_t bucket : stats.latency.buckets) stats.latency.count += bucket;
  stats.latency.sum_seconds = static_cast<double>(latency_ns) * 1e-9;
  return stats;
}

}  // namespace myelin
