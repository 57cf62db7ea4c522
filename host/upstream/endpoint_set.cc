// SPDX-License-Identifier: Apache-2.0
#include "upstream/endpoint_set.h"

#include <algorithm>
#include <utility>

namespace myelin {
namespace {

bool IsSame(const Endpoint::Spec& a, const Endpoint::Spec& b) {
  return a.address == b.address && a.name == b.name && a.priority == b.priority && a.locality == b.locality &&
         a.metadata == b.metadata;
}

// The lowest that is free; taken from now on.
uint32_t TakeSlot(std::vector<bool>& taken) {
  const auto found = std::find(taken.begin(), taken.end(), false);
  const auto slot = static_cast<uint32_t>(found - taken.begin());
  if (found == taken.end()) taken.push_back(false);
  taken[slot] = true;
  return slot;
}

}  // namespace

EndpointSet::Change EndpointSet::Plan(const std::vector<Endpoint::Spec>& specs, uint32_t workers) {
  ForgetGone();
  std::vector<bool> slots = TakenSlots();
  Change change;
  change.removed = members_;
  for (const Endpoint::Spec& spec : specs) {
    const auto known = std::find_if(change.removed.begin(), change.removed.end(),
                                    [&](const auto& each) { return IsSame(each->spec(), spec); });
    std::shared_ptr<Endpoint> endpoint;
    if (known != change.removed.end()) {
      endpoint = std::move(*known);
      change.removed.erase(known);
      change.reweighted = change.reweighted || endpoint->weight() != spec.weight;
    } else {
      endpoint = std::make_shared<Endpoint>(spec, TakeSlot(slots), workers);
      change.added.push_back(endpoint);
    }
    change.members.push_back(std::move(endpoint));
    change.weights.push_back(spec.weight);
  }
  return change;
}

void EndpointSet::Commit(const Change& change, uint64_t now_ns) {
  for (const auto& endpoint : change.removed) endpoint->SetState(MYELIN_ENDPOINT_DRAINING, now_ns);
  std::lock_guard lock(mutex_);
  members_ = change.members;
  draining_.insert(draining_.end(), change.removed.begin(), change.removed.end());
}

EndpointSet::List EndpointSet::All() const {
  std::lock_guard lock(mutex_);
  List all = members_;
  std::copy_if(draining_.begin(), draining_.end(), std::back_inserter(all),
               [](const auto& each) { return each.use_count() > 1; });
  return all;
}

// Those that only this set holds: every worker has let go of them, and of the snapshots that showed them.
void EndpointSet::ForgetGone() {
  std::lock_guard lock(mutex_);
  std::erase_if(draining_, [](const auto& each) { return each.use_count() == 1; });
}

std::vector<bool> EndpointSet::TakenSlots() const {
  std::vector<bool> taken(members_.size() + draining_.size());
  for (const List* list : {&members_, &draining_}) {
    for (const auto& endpoint : *list) {
      if (endpoint->slot() >= taken.size()) taken.resize(endpoint->slot() + 1);
      taken[endpoint->slot()] = true;
    }
  }
  return taken;
}

}  // namespace myelin
