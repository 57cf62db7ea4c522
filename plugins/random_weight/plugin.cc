// SPDX-License-Identifier: Apache-2.0
//
// The plugin `random_weight`: an alias table for each snapshot, shared by all workers. No state besides.
#include <myelin/myelin.hpp>

#include <memory>

#include "random_weight/alias_table.h"

namespace myelin {
namespace {

class RandomWeight {
 public:
  std::unique_ptr<AliasTable> Update(const sdk::SnapshotView& snapshot) {
    return std::make_unique<AliasTable>(CandidatesOf(snapshot));
  }

  sdk::PickVerdict Pick(const sdk::SnapshotView&, const sdk::CallView& call, const AliasTable& table) const {
    return sdk::PickVerdict::Use(table.Pick(call.Random()));
  }
};

}  // namespace
}  // namespace myelin

MYELIN_LICENSED_PLUGIN("random_weight", "1.0.0", "Myelin", "Apache-2.0",
                       myelin::sdk::Balancer<myelin::RandomWeight>("random_weight",
                                                                   "Picks at random, in proportion to the weights."));
