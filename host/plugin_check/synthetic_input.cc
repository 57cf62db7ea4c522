// SPDX-License-Identifier: Apache-2.0
#include "plugin_check/synthetic_input.h"

#include "base/clock.h"

namespace myelin {
namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr std::array<const char*, 4> kPaths{"/shop.v1.Cart/Get", "/shop.v1.Cart/Add", "/shop.v1.Orders/Watch",
                                            "/grpc.health.v1.Health/Check"};
constexpr std::array<const char*, 5> kWords{"alpha", "beta", "gamma", "a-much-longer-value-than-the-others-0123456789",
                                            ""};

myelin_string View(const char* text) { return {text, std::strlen(text)}; }

void SplitPath(myelin_call& call) {
  const char* service = call.path.data + 1;
  const auto* slash = static_cast<const char*>(std::memchr(service, '/', call.path.size - 1));
  call.service = {service, static_cast<uint64_t>(slash - service)};
  call.method = {slash + 1, static_cast<uint64_t>(call.path.data + call.path.size - slash - 1)};
}

}  // namespace

SyntheticEndpoints::SyntheticEndpoints(const std::vector<uint32_t>& weights, uint64_t version)
    : cells_(std::make_unique<myelin_endpoint_cell[]>(weights.size())), slots_(weights.size()) {
  addresses_.reserve(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    addresses_.push_back("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ":50051");
    cells_[i].struct_size = sizeof(myelin_endpoint_cell);
    myelin_endpoint& endpoint = slots_[i].known;
    endpoint.struct_size = sizeof(slots_[i]);
    endpoint.weight = weights[i];
    endpoint.id = 1000 + i;
    endpoint.address = {addresses_[i].data(), addresses_[i].size()};
    endpoint.cell = &cells_[i];
  }
  snapshot_.struct_size = sizeof(snapshot_);
  snapshot_.endpoint_count = static_cast<uint32_t>(weights.size());
  snapshot_.endpoint_stride = sizeof(slots_[0]);
  snapshot_.endpoints = &slots_[0].known;
  snapshot_.version = version;
}

SyntheticConnections::SyntheticConnections(uint32_t count, const myelin_endpoint& endpoint, uint32_t worker,
                                           uint32_t workers, Random& random)
    : slots_(count) {
  const uint64_t now = MonotonicNow();
  for (uint32_t i = 0; i < count; ++i) {
    myelin_connection& connection = slots_[i].known;
    connection.struct_size = sizeof(slots_[i]);
    const uint64_t dice = random.Next() % 10;
    connection.state =
        dice < 7 ? MYELIN_CONNECTION_READY : (dice < 9 ? MYELIN_CONNECTION_CONNECTING : MYELIN_CONNECTION_DRAINING);
    connection.id = 1 + i;
    connection.stream_limit = random.Next() % 2 == 0 ? UINT32_MAX : 100;
    connection.streams = static_cast<uint32_t>(random.Next() % 4 == 0 ? 100 : random.Next() % 3);
    connection.opened_ns = now - random.Next() % (100 * kSecondNs);
    connection.idle_ns = connection.streams == 0 ? connection.opened_ns : 0;
    connection.total = random.Next() % 10'000;
  }
  view_.struct_size = sizeof(view_);
  view_.connection_count = count;
  view_.connection_stride = sizeof(Grown<myelin_connection>);
  view_.connections = count > 0 ? &slots_[0].known : nullptr;
  view_.endpoint = &endpoint;
  view_.now_ns = now;
  view_.worker = worker;
  view_.worker_count = workers;
  view_.random = random.Next();
}

SyntheticCalls::SyntheticCalls(size_t key_count, uint64_t seed)
    : calls_(kCount),
      values_(kCount * key_count),
      metadata_(kCount * key_count),
      key_count_(key_count),
      random_(seed),
      first_ns_(MonotonicNow()) {
  for (size_t i = 0; i < kCount; ++i) Fill(calls_[i], i);
}

void SyntheticCalls::Fill(myelin_call& call, size_t index) {
  call.struct_size = sizeof(call);
  call.deadline_ns = random_.Next() % 2 == 0 ? MYELIN_NO_DEADLINE : first_ns_ + kSecondNs;
  call.path = View(kPaths[random_.Next() % kPaths.size()]);
  SplitPath(call);
  call.authority = View("shop.example");
  call.peer = View("192.0.2.7:4711");
  call.peer_ip[0] = 192;
  call.peer_ip[2] = 2;
  call.peer_ip[3] = 7;
  call.peer_family = MYELIN_PEER_IPV4;
  call.peer_port = 4711;
  call.metadata_count = static_cast<uint32_t>(key_count_);
  call.metadata_stride = sizeof(Grown<myelin_metadata>);
  if (key_count_ > 0) call.metadata = &metadata_[index * key_count_].known;
  for (size_t slot = index * key_count_; slot < (index + 1) * key_count_; ++slot) {
    for (myelin_string& value : values_[slot]) value = View(kWords[random_.Next() % kWords.size()]);
    metadata_[slot].known.count = static_cast<uint32_t>(random_.Next() % 3);
    metadata_[slot].known.values = metadata_[slot].known.count > 0 ? values_[slot].data() : nullptr;
  }
}

Grown<myelin_call_result> SyntheticResult(uint64_t endpoint_id, uint64_t token, Random& random) {
  Grown<myelin_call_result> result;
  result.known.struct_size = sizeof(result);
  result.known.outcome = random.Next() % 8 == 0 ? static_cast<uint32_t>(random.Next() % 6) : MYELIN_OUTCOME_SUCCESS;
  result.known.grpc_status = result.known.outcome == MYELIN_OUTCOME_SUCCESS ? MYELIN_GRPC_OK : MYELIN_GRPC_UNAVAILABLE;
  result.known.endpoint_id = endpoint_id;
  result.known.token = token;
  result.known.first_byte_ns = 1'000 + random.Next() % 1'000'000;
  result.known.total_ns = result.known.first_byte_ns * 2;
  result.known.bytes_sent = random.Next() % 1024;
  result.known.bytes_received = random.Next() % 1024;
  return result;
}

}  // namespace myelin
