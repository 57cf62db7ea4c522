// SPDX-License-Identifier: Apache-2.0
//
// The algorithm: of a few endpoints drawn at random, the one with the fewest calls in flight. It has no state of its
// own after construction, so all workers share one instance and Pick is const.
#ifndef MY_BALANCER_H
#define MY_BALANCER_H

#include <myelin/myelin.hpp>

class MyBalancer {
 public:
  explicit MyBalancer(const myelin::sdk::Options& options) : choices_(options.Integer<uint32_t>("choices")) {}

  myelin::sdk::PickVerdict Pick(const myelin::sdk::SnapshotView& endpoints, const myelin::sdk::CallView& call) const {
    uint64_t random = call.Random();
    uint32_t best = myelin::sdk::Below(random, endpoints.size());
    for (uint32_t drawn = 1; drawn < choices_; ++drawn) {
      random = random * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX, see TAOCP 3.3.4
      const uint32_t other = myelin::sdk::Below(random, endpoints.size());
      if (endpoints[other].InFlight() < endpoints[best].InFlight()) best = other;
    }
    return myelin::sdk::PickVerdict::Use(best);
  }

 private:
  uint32_t choices_;
};

#endif
