// SPDX-License-Identifier: Apache-2.0
//
// Without MakeShard all workers share the policy, so a Pick that changes it would be a data race.
// expect: const, if there is no MakeShard
#include <myelin/myelin.hpp>

namespace {

using namespace myelin::sdk;

struct Policy {
#ifdef CORRECT
  PickVerdict Pick(const SnapshotView&, const CallView&) const { return PickVerdict::Use(0); }
#else
  PickVerdict Pick(const SnapshotView& endpoints, const CallView&) {
    return PickVerdict::Use(next++ % endpoints.size());
  }
  uint32_t next = 0;
#endif
};

}  // namespace

MYELIN_PLUGIN("mistake", "1.0.0", "tests", Balancer<Policy>("mistake", "Refused."));
