// SPDX-License-Identifier: Apache-2.0
//
// The smallest balancer in C++: each endpoint in turn. Every worker goes round by itself, from a place of its own.
#include <myelin/myelin.hpp>

namespace {
using namespace myelin::sdk;

struct Turn {
  PickVerdict Pick(const SnapshotView& endpoints, const CallView&) {
    return PickVerdict::Use(next++ % endpoints.size());
  }
  uint32_t next;
};

struct RoundRobin {
  std::unique_ptr<Turn> MakeShard(uint32_t worker) { return std::make_unique<Turn>(Turn{worker}); }
};
}  // namespace

MYELIN_PLUGIN("round_robin_cpp", "1.0.0", "example", Balancer<RoundRobin>("round_robin_cpp", "Each endpoint in turn."));
