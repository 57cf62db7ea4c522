// SPDX-License-Identifier: Apache-2.0
//
// The endpoints that can be used at one moment, as a balancer sees them, with what the balancer prepared for them; and
// as one on trial beside it does.
// Built on the control thread, immutable, shared with the workers; the last holder sends it back to the control thread
// to end.
#pragma once

#include <myelin/endpoint.h>

#include <memory>
#include <string>
#include <vector>

#include "base/control_thread.h"
#include "policy/candidate.h"
#include "upstream/endpoint.h"

namespace myelin {

class Snapshot {
 public:
  /// [control] Shows `endpoints` to the balancer's `update`. nullptr, and a line in the log, when the balancer refuses.
  /// `last_down` says of an endpoint that is left out why it is: "10.0.0.1:50051: connection refused". A `candidate`
  /// that refuses ends its trial and nothing else.
  static std::shared_ptr<const Snapshot> Make(std::vector<std::shared_ptr<Endpoint>> endpoints, uint64_t version,
                                              std::shared_ptr<Balancer> balancer, ControlThread& control,
                                              std::string& why, std::string last_down = {},
                                              const Candidate<myelin_balancer>& candidate = {});
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  const myelin_snapshot& abi() const { return abi_; }
  /// What the candidate is shown while its trial is on.
  const myelin_snapshot& candidate_abi() const { return candidate_abi_; }
  const std::shared_ptr<Endpoint>& endpoint(uint32_t index) const { return endpoints_[index]; }
  uint32_t size() const { return abi_.endpoint_count; }
  const std::string& last_down() const { return last_down_; }

 private:
  Snapshot(std::vector<std::shared_ptr<Endpoint>> endpoints, uint64_t version, std::shared_ptr<Balancer> balancer);
  bool Show(Balancer& balancer, myelin_snapshot& abi, std::string& why) const;
  static void Release(Balancer& balancer, const myelin_snapshot& abi);

  std::vector<std::shared_ptr<Endpoint>> endpoints_;
  std::vector<myelin_endpoint> abi_endpoints_;
  myelin_snapshot abi_{};
  myelin_snapshot candidate_abi_{};
  std::string last_down_;
  std::shared_ptr<Balancer> balancer_;  // it prepared, so it must outlive what it prepared
  std::shared_ptr<Balancer> candidate_;
};

}  // namespace myelin
