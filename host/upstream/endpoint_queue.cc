// SPDX-License-Identifier: Apache-2.0
//
// The part of EndpointPool that keeps calls waiting: for a connection that is being opened, or in the queue for any
// stream. Callbacks into a call can change everything here, so lists are taken out before they are walked.
#include <algorithm>

#include "upstream/endpoint_pool.h"

namespace myelin {

// A call that has queued before, and was taken out in vain, keeps the time at which it gives up.
void EndpointPool::Enqueue(Waiter& waiter, uint32_t queue_ms) {
  if (queued_ >= options_.max_queued) {
    waiter.OnNoStream(NoStream::kQueueFull, MYELIN_GRPC_UNAVAILABLE,
                      "too many calls wait for a stream to " + endpoint_->address());
    return;
  }
  if (waiter.give_up_ns_ == 0) {
    const auto longest = static_cast<uint64_t>(options_.queue_timeout.count());
    waiter.wait_ns_ = queue_ms == 0 ? longest : queue_ms * uint64_t{1'000'000};
    waiter.give_up_ns_ = worker_.now_ns + waiter.wait_ns_;
  }
  waiter.queued_ = true;
  queue_.push_back(waiter);
  counters_.queued.Set(++queued_);
  if (queue_timer_.active() && queue_timer_due_ns_ <= waiter.give_up_ns_) return;
  queue_timer_due_ns_ = waiter.give_up_ns_;
  worker_.timers.Start(queue_timer_, queue_timer_due_ns_);
}

void EndpointPool::Dequeue(Waiter& waiter) {
  if (waiter.is_linked()) waiter.unlink();
  if (!waiter.queued_) return;
  waiter.queued_ = false;
  counters_.queued.Set(--queued_);
}

void EndpointPool::Abandon(Waiter& waiter) {
  if (!waiter.is_linked()) return;
  waiter.unlink();
  if (waiter.bound_ != nullptr) {
    Connection& connection = *waiter.bound_;
    waiter.bound_ = nullptr;
    Release(connection);
  } else {
    Dequeue(waiter);
  }
}

// Moves those that wait for `connection`. They stay bound to it until they are told.
void EndpointPool::TakeBinders(const Connection& connection, WaitList& into) {
  for (auto it = binders_.begin(); it != binders_.end();) {
    Waiter& waiter = *it++;
    if (waiter.bound_ != &connection) continue;
    waiter.unlink();
    into.push_back(waiter);
  }
}

// Of those that waited for `connection`, the youngest, as many as the peer does not allow. Their streams go back.
void EndpointPool::TakeSurplus(const Connection& connection, WaitList& binders, WaitList& into) {
  myelin_connection& view = views_[connection.index_];
  while (view.streams > view.stream_limit && !binders.empty()) {
    Waiter& waiter = binders.back();
    binders.pop_back();
    waiter.bound_ = nullptr;
    --view.streams;
    into.push_front(waiter);
  }
}

void EndpointPool::TakeQueue(WaitList& into) {
  while (!queue_.empty()) {
    Waiter& waiter = queue_.front();
    Dequeue(waiter);
    into.push_back(waiter);
  }
}

// Asks the policy again for those that wait, oldest first, until one has to go on waiting.
void EndpointPool::ServeQueue() {
  if (serving_) return;
  serving_ = true;
  while (!queue_.empty()) {
    Waiter& waiter = queue_.front();
    const myelin_pool_view view = View();
    myelin_acquire answer{};
    answer.struct_size = sizeof(myelin_acquire);
    const uint32_t verdict = policy_->Acquire(view, waiter.FillCall(), answer);
    if (verdict == MYELIN_ACQUIRE_QUEUE || (verdict == MYELIN_ACQUIRE_USE && IsFull(answer.index))) {
      OpenBesides(answer.open);
      break;
    }
    if (verdict == MYELIN_ACQUIRE_OPEN && (IsFull() || InBackoffWithOthers())) break;
    Dequeue(waiter);
    if (Connection* connection = Carry(verdict, answer, waiter)) waiter.OnStream(*connection);
  }
  serving_ = false;
}

void EndpointPool::ExpireQueue() {
  uint64_t next = UINT64_MAX;
  WaitList expired;
  for (auto it = queue_.begin(); it != queue_.end();) {
    Waiter& waiter = *it++;
    if (waiter.give_up_ns_ > worker_.now_ns) {
      next = std::min(next, waiter.give_up_ns_);
      continue;
    }
    Dequeue(waiter);
    expired.push_back(waiter);
  }
  if (next != UINT64_MAX) {
    queue_timer_due_ns_ = next;
    worker_.timers.Start(queue_timer_, next);
  }
  while (!expired.empty()) {
    Waiter& waiter = expired.front();
    expired.pop_front();
    waiter.OnNoStream(NoStream::kQueueTimeout, MYELIN_GRPC_UNAVAILABLE, TimedOut(waiter));
  }
}

std::string EndpointPool::TimedOut(const Waiter& waiter) const {
  const Duration waited(static_cast<int64_t>(waiter.wait_ns_));
  return "no stream to " + endpoint_->address() + " became free within " + FormatDuration(waited) +
         (waited == options_.queue_timeout ? " (timeouts.queue)" : " (set by the pool)");
}

}  // namespace myelin
