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
  if (abi_.prepared == nullptr || balancer_->guard().abandoned()) return;
  balancer_->Tell(Hook::kRelease, [this] { balancer_->functions().release(balancer_->instance(), abi_.prepared); });
}

std::shared_ptr<const Snapshot> Snapshot::Make(std::vector<std::shared_ptr<Endpoint>> endpoints, uint64_t version,
                                               std::shared_ptr<Balancer> balancer, ControlThread& control,
                                               std::string& why, std::string last_down) {
  std::unique_ptr<Snapshot> made(new Snapshot(std::move(endpoints), version, std::move(balancer)));
  made->last_down_ = std::move(last_down);
  std::array<char, 1024> text{};
  myelin_error error{sizeof(myelin_error), 0, text.data(), text.size(), 0};
  Balancer& owner = *made->balancer_;
  void* prepared = nullptr;
  const bool ask = made->size() > 0 && !owner.guard().quarantined();
  const int32_t code = !ask ? MYELIN_OK : owner.Ask(Hook::kUpdate, [&] {
    return owner.functions().update(owner.instance(), &made->abi_, &prepared, &error);
  });
  if (code == Balancer::kThrew) {
    owner.guard().Strike("update threw an exception");
    why = "update threw an exception";
    return nullptr;
  }
  if (code != MYELIN_OK) {
    why.assign(text.data(), std::min<uint64_t>(error.size, text.size()));
    return nullptr;
  }
  made->abi_.prepared = prepared;
  return {made.release(), [&control](const Snapshot* snapshot) { control.Post([snapshot] { delete snapshot; }); }};
}

}  // namespace myelin
