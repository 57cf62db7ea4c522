// SPDX-License-Identifier: Apache-2.0
//
// The plugin `min_conn`: its options, and a LeastLoaded for each snapshot, shared by all workers.
#include <myelin/myelin.hpp>

#include <memory>

#include "min_conn/least_loaded.h"

namespace myelin {
namespace {

constexpr myelin_option kOptions[] = {
    sdk::Integer("scan_limit", "16", "0", "1000000",
                 "Up to so many endpoints all are compared; beyond, `choices` drawn at random."),
    sdk::Integer("choices", "2", "2", "16", "How many endpoints are compared beyond `scan_limit`."),
    sdk::Duration("slow_start", "10s", "0s", "1h",
                  "For this long an endpoint that joins gets no more than a growing part of its fair share; 0s: off."),
};

class MinConn {
 public:
  explicit MinConn(const sdk::Options& options)
      : settings_{static_cast<uint32_t>(options.Integer("scan_limit")),
                  static_cast<uint32_t>(options.Integer("choices")),
                  static_cast<uint64_t>(options.Integer("slow_start"))} {}

  std::unique_ptr<LeastLoaded> Update(const sdk::SnapshotView& snapshot) {
    return std::make_unique<LeastLoaded>(snapshot, settings_);
  }

  sdk::PickVerdict Pick(const sdk::SnapshotView&, const sdk::CallView& call, const LeastLoaded& group) const {
    return sdk::PickVerdict::Use(group.Pick(call.NowNs(), call.Random()));
  }

 private:
  LeastLoadedSettings settings_;
};

}  // namespace
}  // namespace myelin

MYELIN_LICENSED_PLUGIN("min_conn", "1.0.0", "Myelin", "Apache-2.0",
                       myelin::sdk::Balancer<myelin::MinConn>("min_conn",
                                                              "Picks the endpoint with the fewest calls in flight.",
                                                              myelin::kOptions));
