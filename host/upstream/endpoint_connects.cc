// SPDX-License-Identifier: Apache-2.0
//
// The part of EndpointPool that hears how its connects go: calls that waited for them, backoff, the endpoint's health.
#include <algorithm>
#include <cmath>

#include "upstream/endpoint_pool.h"

namespace myelin {

void EndpointPool::OnReady(Connection& connection) {
  SetState(connection.index_, MYELIN_CONNECTION_READY);
  failures_ = 0;
  backoff_until_ns_ = 0;
  last_failure_.clear();
  reconnect_timer_.Stop();
  TellHealth(true);
  WaitList ready, surplus;
  TakeBinders(connection, ready);
  TakeSurplus(connection, ready, surplus);
  while (!ready.empty()) {
    Waiter& waiter = ready.front();
    ready.pop_front();
    waiter.bound_ = nullptr;
    waiter.OnStream(connection);
  }
  while (!surplus.empty()) {
    Waiter& waiter = surplus.front();
    surplus.pop_front();
    if (Connection* other = Ask(waiter)) waiter.OnStream(*other);
  }
  Tick();
}

// Calls that waited for it go to another connection; without one, all calls here are told at once, so that they can be
// picked elsewhere.
void EndpointPool::OnConnectFailed(Connection& connection, const std::string& reason) {
  counters_.connect_failures.Add();
  last_failure_ = reason;
  WaitList failed;
  TakeBinders(connection, failed);
  for (Waiter& waiter : failed) waiter.bound_ = nullptr;
  const uint64_t opened_ns = views_[connection.index_].opened_ns;
  Drop(connection.index_);
  DropClosed();  // a connection that has broken unnoticed says nothing for the endpoint
  StartBackoff(opened_ns);
  const bool others = HasLive();
  if (!others) TakeQueue(failed);
  const std::string why = Unreachable();
  while (!failed.empty()) {
    Waiter& waiter = failed.front();
    failed.pop_front();
    if (!others) {
      waiter.OnNoStream(NoStream::kUnreachable, MYELIN_GRPC_UNAVAILABLE, why);
    } else if (Connection* other = Ask(waiter)) {
      waiter.OnStream(*other);
    }
  }
}

void EndpointPool::OnStreamLimit(Connection& connection, uint32_t limit) {
  views_[connection.index_].stream_limit = limit;
  if (queued_ > 0 && views_[connection.index_].state == MYELIN_CONNECTION_READY) ServeQueue();
}

// Not at once: this comes from within the connection.
void EndpointPool::OnLeaving(Connection&) {
  if (!retired_) worker_.timers.Start(tick_timer_, worker_.now_ns + kTickAfterCloseNs);
}

// Exponential backoff with jitter, as gRPC's connection-backoff.md, with the factor 2. Connects that were under way
// together and fail together are one failure.
void EndpointPool::StartBackoff(uint64_t opened_ns) {
  if (failures_ == 0 || opened_ns > backoff_since_ns_) {
    backoff_since_ns_ = worker_.now_ns;
    backoff_until_ns_ = worker_.now_ns + NextBackoff();
    ++failures_;
  } else if (HasLive() || reconnect_timer_.active()) {
    return;
  }
  const bool down = std::none_of(views_.begin(), views_.end(),
                                 [](const auto& view) { return view.state == MYELIN_CONNECTION_READY; });
  if (!down) {  // calls may queue until the backoff is over
    worker_.timers.Start(tick_timer_, std::min(backoff_until_ns_, worker_.now_ns + kTickNs));
    return;
  }
  TellHealth(false);
  worker_.timers.Start(reconnect_timer_, backoff_until_ns_);
}

uint64_t EndpointPool::NextBackoff() {
  const auto base = static_cast<double>(options_.backoff_base.count());
  const auto most = static_cast<double>(options_.backoff_max.count());
  const double delay = std::min(most, std::ldexp(base, static_cast<int>(std::min(failures_, 30u))));
  const double jitter = 1.0 + options_.backoff_jitter * (2.0 * worker_.random.NextDouble() - 1.0);
  return static_cast<uint64_t>(delay * jitter);
}

// The endpoint's state is behind what has been told, for the control thread changes it later; so what was told counts.
// Down is told again while the endpoint is up: another worker had a connection to it, and may have lost it meanwhile.
void EndpointPool::TellHealth(bool up) {
  if (up && (told_down_ || endpoint_->state() == MYELIN_ENDPOINT_DOWN)) health_changed_(endpoint_, true, "");
  if (!up && (!told_down_ || endpoint_->state() == MYELIN_ENDPOINT_UP)) {
    health_changed_(endpoint_, false, last_failure_);
  }
  told_down_ = !up;
}

std::string EndpointPool::Unreachable() const {
  return "endpoint " + endpoint_->address() + " cannot be reached: " + last_failure_;
}

}  // namespace myelin
