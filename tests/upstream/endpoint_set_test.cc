// SPDX-License-Identifier: Apache-2.0
//
// Endpoints that come and go: who stays the same, and when a slot is free again.
#include "upstream/endpoint_set.h"

#include <gmock/gmock.h>

namespace myelin::test {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

Endpoint::Spec Spec(const std::string& address, uint32_t weight = 1) { return {address, weight, 0, "", {}}; }

class EndpointSetTest : public ::testing::Test {
 protected:
  EndpointSet::Change Set(const std::vector<Endpoint::Spec>& specs) {
    EndpointSet::Change change = set_.Plan(specs, 1);
    set_.Commit(change, 1);
    return change;
  }
  std::vector<uint32_t> Slots() const {
    std::vector<uint32_t> slots;
    for (const auto& endpoint : set_.members()) slots.push_back(endpoint->slot());
    return slots;
  }

  EndpointSet set_;
};

TEST_F(EndpointSetTest, WhatStaysIsTheSameEndpointWhateverItsPlaceAndWeight) {
  Set({Spec("a:1"), Spec("b:1")});
  const auto a = set_.members()[0];
  const EndpointSet::Change change = set_.Plan({Spec("c:1"), Spec("a:1", 5)}, 1);
  EXPECT_EQ(change.members[1], a);
  EXPECT_THAT(change.weights, ElementsAre(1, 5));
  EXPECT_THAT(change.added, SizeIs(1));
  EXPECT_THAT(change.removed, SizeIs(1));
  EXPECT_THAT(set_.members(), SizeIs(2)) << "a plan changes nothing";
  EXPECT_EQ(a->weight(), 1u);
}

TEST_F(EndpointSetTest, AnotherWeightAloneIsAChangeAndTheSameEndpointsAreNone) {
  Set({Spec("a:1")});
  EXPECT_TRUE(set_.Plan({Spec("a:1")}, 1).empty());
  EXPECT_FALSE(set_.Plan({Spec("a:1", 2)}, 1).empty());
}

TEST_F(EndpointSetTest, AnAddressUnderAnotherNameOrPriorityIsAnotherEndpoint) {
  Set({Spec("a:1")});
  Endpoint::Spec named = Spec("a:1");
  named.name = "shop:1";
  EXPECT_THAT(set_.Plan({named}, 1).added, SizeIs(1));
  Endpoint::Spec later = Spec("a:1");
  later.priority = 1;
  EXPECT_THAT(set_.Plan({later}, 1).added, SizeIs(1));
}

TEST_F(EndpointSetTest, OneThatIsThereTwiceIsTwoEndpoints) {
  Set({Spec("a:1"), Spec("a:1")});
  EXPECT_NE(set_.members()[0], set_.members()[1]);
  EXPECT_TRUE(set_.Plan({Spec("a:1"), Spec("a:1")}, 1).empty());
}

TEST_F(EndpointSetTest, ASlotIsGivenAwayOnlyWhenNobodyHoldsItsEndpoint) {
  Set({Spec("a:1"), Spec("b:1")});
  std::shared_ptr<Endpoint> held = set_.members()[0];
  Set({Spec("b:1"), Spec("c:1")});
  EXPECT_THAT(Slots(), ElementsAre(1, 2)) << "0 is held by a worker";
  EXPECT_EQ(held->Stats().state, "draining");
  EXPECT_THAT(set_.All(), SizeIs(3));
  held.reset();
  EXPECT_THAT(set_.All(), SizeIs(2)) << "its cell has gone";
  Set({Spec("b:1"), Spec("c:1"), Spec("d:1")});
  EXPECT_THAT(Slots(), ElementsAre(1, 2, 0));
}

}  // namespace
}  // namespace myelin::test
