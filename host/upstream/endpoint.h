// SPDX-License-Identifier: Apache-2.0
//
// One address that calls can be sent to: what is configured, the live cell that all workers write, and counters per
// worker. Shared by snapshots and workers; it lives until the last of them lets go.
#pragma once

#include <myelin/endpoint.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/counter.h"
#include "base/stats.h"

namespace myelin {

/// What one worker has seen of an endpoint. On cache lines of its own.
struct alignas(64) EndpointCounters {
  // What every call counts stands on the first line.
  Counter latency_sum_ns;
  Counter bytes_sent;
  Counter bytes_received;
  Counter messages_sent;
  Counter messages_received;
  std::array<Counter, kGrpcStatusCount> calls;
  std::array<Counter, kLatencyBounds.size() + 1> latency;
  Counter connecting;
  Counter ready;
  Counter draining;
  Counter opened;
  Counter connect_failures;
  Counter queued;
};

/// The index of the latency bucket that `ns` falls into.
size_t LatencyBucket(uint64_t ns);

class Endpoint {
 public:
  struct Spec {
    std::string address;
    uint32_t weight = 1;
    uint32_t priority = 0;
    std::string locality;
    std::vector<std::pair<std::string, std::string>> metadata;
    std::string name{};  // the host:port that `address` was found under; empty when that is what is configured
  };

  /// `slot` is its place among the endpoints of its proxy; `workers` says how many may count.
  Endpoint(Spec spec, uint32_t slot, uint32_t workers);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  const Spec& spec() const { return spec_; }
  const std::string& address() const { return spec_.address; }
  /// For sentences: the address and, in brackets, the name that it was found under.
  std::string Label() const;
  uint32_t weight() const { return weight_.load(std::memory_order_relaxed); }
  uint64_t id() const { return id_; }
  uint32_t slot() const { return slot_; }
  /// [worker] Made at the first call.
  EndpointCounters& counters(uint32_t worker) const {
    EndpointCounters* made = counters_[worker].load(std::memory_order_relaxed);
    return made != nullptr ? *made : MakeCounters(worker);
  }

  /// [any] The cell's writers.
  void AddInFlight() const;
  void EndCall(bool failed) const;
  void AddLatency(uint64_t first_byte_ns) const;
  uint64_t in_flight() const { return myelin_load_u64(&cell_->in_flight); }

  /// [control] Comes and goes with connects that succeed or fail. Answers whether it changed.
  bool SetState(uint32_t state, uint64_t now_ns);
  /// [control] The next snapshot shows it.
  void SetWeight(uint32_t weight) { weight_.store(weight, std::memory_order_relaxed); }
  /// [control] It has come to a proxy that serves already.
  void SetJoined(uint64_t now_ns) { joined_ns_ = now_ns; }
  uint32_t state() const { return myelin_load_u32(&cell_->state); }

  /// [control] How a snapshot shows it. The strings are this endpoint's.
  myelin_endpoint Abi() const;

  EndpointStats Stats() const;

 private:
  EndpointCounters& MakeCounters(uint32_t worker) const;

  Spec spec_;
  uint64_t id_;
  uint32_t slot_;
  std::atomic<uint32_t> weight_;  // spec_ has the first
  uint64_t joined_ns_ = 0;
  std::vector<myelin_pair> pairs_;
  std::unique_ptr<myelin_endpoint_cell> cell_;
  mutable std::vector<std::atomic<EndpointCounters*>> counters_;  // owned; nullptr for workers that have none
};

}  // namespace myelin
