// SPDX-License-Identifier: Apache-2.0
//
// What Update builds is what Pick must take.
// expect: with the T that Update
#include <myelin/myelin.hpp>

namespace {

using namespace myelin::sdk;

struct Ring {};
struct Table {};

struct Policy {
#ifdef CORRECT
  std::unique_ptr<Table> Update(const SnapshotView&) { return std::make_unique<Table>(); }
#else
  std::unique_ptr<Ring> Update(const SnapshotView&) { return std::make_unique<Ring>(); }
#endif
  PickVerdict Pick(const SnapshotView&, const CallView&, const Table&) const { return PickVerdict::Use(0); }
};

}  // namespace

MYELIN_PLUGIN("mistake", "1.0.0", "tests", Balancer<Policy>("mistake", "Refused."));
