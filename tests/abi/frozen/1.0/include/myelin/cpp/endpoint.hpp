// SPDX-License-Identifier: Apache-2.0
//
// Endpoints and the snapshot of them that a balancer chooses from. Views of the host's memory, one pointer each. The
// live numbers (InFlight, LatencyNs …) are relaxed loads of a cell that all workers write. [worker] [control]
#ifndef MYELIN_CPP_ENDPOINT_HPP
#define MYELIN_CPP_ENDPOINT_HPP

#include <myelin/endpoint.h>
#include <myelin/cpp/range.hpp>

namespace myelin::sdk {

/// An endpoint's configured metadata: `for (const myelin_pair& pair : endpoint.Pairs())`.
using PairRange = StridedRange<myelin_pair>;

class EndpointView {
 public:
  explicit EndpointView(const myelin_endpoint& endpoint) noexcept : endpoint_(&endpoint) {}

  uint64_t Id() const noexcept { return endpoint_->id; }  ///< never reused while the process lives
  uint32_t Weight() const noexcept { return endpoint_->weight; }
  uint32_t Priority() const noexcept { return endpoint_->priority; }  ///< 0 is taken first
  std::string_view Address() const noexcept { return ToView(endpoint_->address); }
  std::string_view Locality() const noexcept { return ToView(endpoint_->locality); }
  /// Monotonic: when it came into the snapshots; 0: it was there from the start.
  uint64_t JoinedNs() const noexcept { return endpoint_->joined_ns; }
  PairRange Pairs() const noexcept { return {endpoint_->pairs, endpoint_->pair_count, sizeof(myelin_pair)}; }

  uint32_t State() const noexcept { return myelin_load_u32(&endpoint_->cell->state); }  ///< MYELIN_ENDPOINT_…
  /// Calls picked and not settled, over all workers.
  uint64_t InFlight() const noexcept { return myelin_load_u64(&endpoint_->cell->in_flight); }
  /// Moving average of the time to the first response byte; 0: none yet.
  uint64_t LatencyNs() const noexcept { return myelin_load_u64(&endpoint_->cell->latency_ns); }
  uint64_t PickedTotal() const noexcept { return myelin_load_u64(&endpoint_->cell->picked_total); }
  uint64_t FailedTotal() const noexcept { return myelin_load_u64(&endpoint_->cell->failed_total); }

  const myelin_endpoint* raw() const noexcept { return endpoint_; }

 private:
  const myelin_endpoint* endpoint_;
};

/// The endpoints that can be used now; at least one whenever a pick is asked for. Iterates over EndpointView.
class SnapshotView : public StridedRange<myelin_endpoint, EndpointView> {
 public:
  explicit SnapshotView(const myelin_snapshot* snapshot) noexcept
      : StridedRange(snapshot->endpoints, snapshot->endpoint_count, snapshot->endpoint_stride), snapshot_(snapshot) {}

  /// Counts up with each snapshot of a proxy.
  uint64_t Version() const noexcept { return snapshot_->version; }

  const myelin_snapshot* raw() const noexcept { return snapshot_; }

 private:
  const myelin_snapshot* snapshot_;
};

}  // namespace myelin::sdk

#endif
