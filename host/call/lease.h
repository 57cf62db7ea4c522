// SPDX-License-Identifier: Apache-2.0
//
// The proof of a pick: one call in flight at an endpoint and, once it is there, one stream on a connection. Given back
// exactly once, whatever way the call ends; a lease that is destroyed while held counts as lost. Belongs to a worker.
#pragma once

#include <utility>

#include "upstream/endpoint_pool.h"

namespace myelin {

class Lease {
 public:
  Lease() = default;
  Lease(EndpointPool& pool, uint64_t token, uint64_t now_ns) : pool_(&pool), token_(token), picked_ns_(now_ns) {
    pool.endpoint()->AddInFlight();
  }
  Lease(Lease&& other) noexcept { *this = std::move(other); }
  Lease& operator=(Lease&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(connection_, other.connection_);
    std::swap(token_, other.token_);
    std::swap(picked_ns_, other.picked_ns_);
    return *this;
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() { Return(true); }

  bool held() const { return pool_ != nullptr; }
  EndpointPool& pool() const { return *pool_; }
  const Endpoint& endpoint() const { return *pool_->endpoint(); }
  Connection* connection() const { return connection_; }
  uint64_t token() const { return token_; }
  uint64_t picked_ns() const { return picked_ns_; }

  void Attach(Connection& connection) { connection_ = &connection; }

  /// Gives back what is held; does nothing the second time.
  void Return(bool failed) {
    if (pool_ == nullptr) return;
    EndpointPool* pool = std::exchange(pool_, nullptr);
    pool->endpoint()->EndCall(failed);
    if (Connection* connection = std::exchange(connection_, nullptr)) pool->Release(*connection);
  }

 private:
  EndpointPool* pool_ = nullptr;
  Connection* connection_ = nullptr;
  uint64_t token_ = 0;
  uint64_t picked_ns_ = 0;
};

}  // namespace myelin
