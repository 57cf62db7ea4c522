// SPDX-License-Identifier: Apache-2.0
#include "upstream/snapshot.h"

#include <algorithm>
#include <array>
#include <utility>

namespace myelin {

Snapshot::Snapshot(std::vector<std::shared_ptr<Endpoint>> endpoints, uint64_t version,
                   std::shared_ptr<Balancer> balancer)
    : endpoints_(std::move(endpoints)), balancer_(std::move(balancer)) {
  abi_endpoints_.reserve(endpoints_.size());
  for (const auto& endpoint : endpoints_) abi_endpoints_.push_back(endpoint->Abi());
  abi_.struct_size = sizeof(myelin_snapshot);
  abi_.endpoint_count = static_cast<uint32_t>(endpoints_.size());
  abi_.endpoint_stride = sizeof(myelin_endpoint);
  abi_.endpoints = abi_endpoints_.data();
  abi_.version = version;
}

Snapshot::~Snapshot() {
  Release(*balancer_, abi_);
  if (candidate_) Release(*candidate_, candidate_abi_);
}

void Snapshot::Release(Balancer& balancer, const myelin_snapshot& abi) {
  if (abi.prepared == nullptr || balancer.guard().abandoned()) return;
  balancer.Tell(Hook::kRelease, [&] { balancer.functions().release(balancer.instance(), abi.prepared); });
}

bool Snapshot::Show(Balancer& balancer, myelin_snapshot& abi, std::string& why) const {
  if (size() == 0 || balancer.guard().quarantined()) return true;
  std::array<char, 1024> text{};
  myelin_error error{sizeof(myelin_error), 0, text.data(), text.size(), 0};
  void* prepared = nullptr;
  const int32_t code = balancer.Ask(
      Hook::kUpdate, [&] { return balancer.functions().update(balancer.instance(), &abi, &prepared, &error); });
  if (code == Balancer::kThrew) {
    balancer.guard().Strike("update threw an exception");
    why = "update threw an exception";
    return false;
  }
  if (code != MYELIN_OK) {
    why.assign(text.data(), std::min<uint64_t>(error.size, text.size()));
    return false;
  }
  abi.prepared = prepared;
  return true;
}

std::shared_ptr<const Snapshot> Snapshot::Make(std::vector<std::shared_ptr<Endpoint>> endpoints, uint64_t version,
                                               std::shared_ptr<Balancer> balancer, ControlThread& control,
                                               std::string& why, std::string last_down,
                                               const Candidate<myelin_balancer>& candidate) {
  std::unique_ptr<Snapshot> made(new Snapshot(std::move(endpoints), version, std::move(balancer)));
  made->last_down_ = std::move(last_down);
  made->candidate_abi_ = made->abi_;
  if (!made->Show(*made->balancer_, made->abi_, why)) return nullptr;
  if (candidate && candidate.trial->on()) {
    std::string refusal;
    made->candidate_ = candidate.policy;
    if (!made->Show(*candidate.policy, made->candidate_abi_, refusal)) {
      candidate.trial->End("it refuses the endpoints: " + refusal);
    }
  }
  return {made.release(), [&control](const Snapshot* snapshot) { control.Post([snapshot] { delete snapshot; }); }};
}

}  // namespace myelin
