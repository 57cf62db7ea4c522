// SPDX-License-Identifier: Apache-2.0
//
// What a balancer is asked with, laid out as the host does; knows nothing but the SDK. One thread.
#pragma once

#include <myelin/myelin.h>

#include <cstdint>
#include <vector>

namespace myelin::bench {

class HookWorld {
 public:
  explicit HookWorld(uint32_t endpoints) : cells_(endpoints), endpoints_(endpoints) {
    for (uint32_t i = 0; i < endpoints; ++i) {
      cells_[i].struct_size = sizeof(myelin_endpoint_cell);
      cells_[i].in_flight = i % 7;
      myelin_endpoint& endpoint = endpoints_[i];
      endpoint.struct_size = sizeof(myelin_endpoint);
      endpoint.id = i + 1;
      endpoint.weight = i % 10 + 1;
      endpoint.cell = &cells_[i];
    }
    snapshot_.struct_size = sizeof(myelin_snapshot);
    snapshot_.endpoint_count = endpoints;
    snapshot_.endpoint_stride = sizeof(myelin_endpoint);
    snapshot_.endpoints = endpoints_.data();
    call_.struct_size = sizeof(myelin_call);
    call_.now_ns = kLongAfterAllJoined;
    call_.deadline_ns = MYELIN_NO_DEADLINE;
  }

  myelin_snapshot& snapshot() { return snapshot_; }
  /// Another call: with other random bits (splitmix64, G. Steele et al., OOPSLA 2014).
  const myelin_call& Next() {
    uint64_t bits = seed_ += 0x9e3779b97f4a7c15;
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
    call_.random = bits ^ bits >> 31;
    return call_;
  }

 private:
  static constexpr uint64_t kLongAfterAllJoined = 3'600'000'000'000;
  std::vector<myelin_endpoint_cell> cells_;
  std::vector<myelin_endpoint> endpoints_;
  myelin_snapshot snapshot_{};
  myelin_call call_{};
  uint64_t seed_ = 1;
};

}  // namespace myelin::bench
