// SPDX-License-Identifier: Apache-2.0
//
// A snapshot of endpoints with live cells for a balancer under test. Owned by the test; ids count from 1.
#pragma once

#include <myelin/endpoint.h>

#include <cstddef>
#include <deque>
#include <vector>

namespace myelin::test {

class FakeSnapshot {
 public:
  FakeSnapshot() {
    snapshot_.struct_size = sizeof(snapshot_);
    snapshot_.endpoint_stride = sizeof(myelin_endpoint);
    snapshot_.version = 1;
  }
  explicit FakeSnapshot(const std::vector<uint32_t>& weights) : FakeSnapshot() {
    for (const uint32_t weight : weights) Add(weight);
  }
  FakeSnapshot(const FakeSnapshot&) = delete;
  FakeSnapshot& operator=(const FakeSnapshot&) = delete;

  void Add(uint32_t weight, uint32_t priority = 0, uint64_t joined_ns = 0, uint64_t in_flight = 0) {
    myelin_endpoint_cell& cell = cells_.emplace_back();
    cell.struct_size = sizeof(cell);
    cell.in_flight = in_flight;
    myelin_endpoint& endpoint = endpoints_.emplace_back();
    endpoint.struct_size = sizeof(endpoint);
    endpoint.weight = weight;
    endpoint.id = endpoints_.size();
    endpoint.priority = priority;
    endpoint.address = {"127.0.0.1:50051", 15};
    endpoint.joined_ns = joined_ns;
    endpoint.cell = &cell;
    snapshot_.endpoints = endpoints_.data();
    snapshot_.endpoint_count = static_cast<uint32_t>(endpoints_.size());
  }

  myelin_snapshot* get() { return &snapshot_; }
  myelin_endpoint_cell& cell(size_t index) { return cells_[index]; }
  size_t size() const { return endpoints_.size(); }

 private:
  std::deque<myelin_endpoint_cell> cells_;
  std::vector<myelin_endpoint> endpoints_;
  myelin_snapshot snapshot_{};
};

}  // namespace myelin::test
