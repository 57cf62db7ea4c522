// SPDX-License-Identifier: Apache-2.0
//
// A balancer from its built .so with one snapshot shown to it, picking as the host would: through the C table. Owned by
// the test; single-threaded.
#pragma once

#include <myelin/balancer.h>

#include <string>

#include "plugins/support/fake_call.h"
#include "plugins/support/fake_snapshot.h"
#include "plugins/support/plugin_library.h"

namespace myelin::test {

class BalancerInstance {
 public:
  // `snapshot` must outlive this.
  BalancerInstance(const std::string& name, FakeSnapshot& snapshot, const Fields& given = {})
      : policy(name, given), snapshot_(snapshot) {
    EXPECT_EQ(policy.code, MYELIN_OK) << policy.message;
    Update();
  }
  ~BalancerInstance() { Release(); }
  BalancerInstance(const BalancerInstance&) = delete;
  BalancerInstance& operator=(const BalancerInstance&) = delete;

  // Shows the snapshot as it is now.
  void Update() {
    void* prepared = nullptr;
    snapshot_.get()->prepared = nullptr;
    EXPECT_EQ(policy.table.update(policy.instance(), snapshot_.get(), &prepared, nullptr), MYELIN_OK);
    Release();
    prepared_ = snapshot_.get()->prepared = prepared;
  }

  // The index picked for a call with fresh random bits; UINT32_MAX when the answer is no pick.
  uint32_t Pick() {
    myelin_pick pick{};
    pick.struct_size = sizeof(pick);
    const uint32_t verdict = policy.table.pick(policy.shard(), snapshot_.get(), call.Next(), &pick);
    return verdict == MYELIN_PICK ? pick.index : UINT32_MAX;
  }

  Policy<myelin_balancer> policy;
  FakeCall call;

 private:
  void Release() {
    if (prepared_ != nullptr) policy.table.release(policy.instance(), prepared_);
  }

  FakeSnapshot& snapshot_;
  void* prepared_ = nullptr;
};

}  // namespace myelin::test
