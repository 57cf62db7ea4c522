// SPDX-License-Identifier: Apache-2.0
//
// The endpoints of a proxy as they come and go: its members, and those that were taken out and finish their calls. An
// endpoint that stays keeps its cell and its connections, also when its weight changes. A slot is given to another only
// when nobody holds the endpoint that had it any more. Changed on the control thread; List on any.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "upstream/endpoint.h"

namespace myelin {

class EndpointSet {
 public:
  using List = std::vector<std::shared_ptr<Endpoint>>;
  /// A step from the members of now to others. Nothing has happened until Commit.
  struct Change {
    List members;
    List added;
    List removed;
    std::vector<uint32_t> weights;  // of members
    bool empty() const { return added.empty() && removed.empty() && !reweighted; }
    bool reweighted = false;
  };

  /// [control] What leads to endpoints as `specs` say. Those that differ in nothing but the weight are the same.
  Change Plan(const std::vector<Endpoint::Spec>& specs, uint32_t workers);
  /// [control] The members are others now; those taken out are draining.
  void Commit(const Change& change, uint64_t now_ns);

  /// [control]
  const List& members() const { return members_; }
  /// [any] Members and those that still drain.
  List All() const;

 private:
  void ForgetGone();
  std::vector<bool> TakenSlots() const;

  mutable std::mutex mutex_;  // for what All reads
  List members_;
  List draining_;
};

}  // namespace myelin
