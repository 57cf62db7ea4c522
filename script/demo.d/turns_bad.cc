// SPDX-License-Identifier: Apache-2.0
//
// A balancer that goes bad after three seconds: from then on it picks an endpoint that does not exist.
#include <chrono>
#include <myelin/myelin.hpp>

namespace {
using namespace myelin::sdk;
using Clock = std::chrono::steady_clock;

struct Turn {
  PickVerdict Pick(const SnapshotView& endpoints, const CallView&) {
    const bool bad = Clock::now() - since > std::chrono::seconds(3);
    return PickVerdict::Use(bad ? endpoints.size() + 7 : next++ % endpoints.size());
  }
  uint32_t next;
  Clock::time_point since = Clock::now();
};

struct TurnsBad {
  std::unique_ptr<Turn> MakeShard(uint32_t worker) { return std::make_unique<Turn>(Turn{worker}); }
};
}  // namespace

MYELIN_PLUGIN("turns_bad", "1.0.0", "demo",
              Balancer<TurnsBad>("turns_bad", "Each endpoint in turn, for three seconds."));
