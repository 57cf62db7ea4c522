// SPDX-License-Identifier: Apache-2.0
#include "upstream/endpoint_pool.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace myelin {
namespace {

constexpr uint64_t kTickNs = 1'000'000'000;

uint64_t NextConnectionId() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

uint64_t Ns(Duration duration) { return static_cast<uint64_t>(duration.count()); }

}  // namespace

EndpointPool::EndpointPool(WorkerContext& worker, std::shared_ptr<Endpoint> endpoint, PoolShard& policy,
                           const Options& options, HealthChanged health_changed)
    : worker_(worker),
      endpoint_(std::move(endpoint)),
      policy_(policy),
      options_(options),
      health_changed_(std::move(health_changed)),
      counters_(endpoint_->counters(worker.index)),
      abi_endpoint_(endpoint_->Abi()),
      tick_timer_([](void* self) { static_cast<EndpointPool*>(self)->Tick(); }, this),
      queue_timer_([](void* self) { static_cast<EndpointPool*>(self)->ExpireQueue(); }, this),
      reconnect_timer_([](void* self) { static_cast<EndpointPool*>(self)->Open(); }, this) {}

EndpointPool::~EndpointPool() {
  while (!connections_.empty()) Drop(static_cast<uint32_t>(connections_.size() - 1));
}

void EndpointPool::Start() {
  if (started_) return;
  started_ = true;
  Tick();
}

myelin_pool_view EndpointPool::View() {
  myelin_pool_view view{};
  view.struct_size = sizeof(myelin_pool_view);
  view.connection_count = static_cast<uint32_t>(views_.size());
  view.connection_stride = sizeof(myelin_connection);
  view.queued = queued_;
  view.connections = views_.data();
  view.endpoint = &abi_endpoint_;
  view.now_ns = worker_.now_ns;
  view.worker = options_.worker;
  view.worker_count = options_.worker_count;
  view.random = worker_.random.Next();
  return view;
}

Connection* EndpointPool::Acquire(Waiter& waiter) {
  if (!started_) Start();
  const myelin_pool_view view = View();
  myelin_acquire answer{};
  answer.struct_size = sizeof(myelin_acquire);
  const uint32_t verdict = policy_.Acquire(view, waiter.FillCall(), answer);
  return Carry(verdict, answer, waiter);
}

Connection* EndpointPool::Carry(uint32_t verdict, const myelin_acquire& answer, Waiter& waiter) {
  Connection* connection = nullptr;
  switch (verdict) {
    case MYELIN_ACQUIRE_USE:
      connection = UseConnection(answer.index, waiter);
      break;
    case MYELIN_ACQUIRE_OPEN:
      return UseNew(waiter);
    case MYELIN_ACQUIRE_QUEUE:
      Enqueue(waiter, answer.queue_ms);
      break;
    default:
      waiter.OnNoStream(answer.status == 0 ? MYELIN_GRPC_UNAVAILABLE : answer.status,
                        {answer.message.data, answer.message.size}, false);
      return nullptr;
  }
  constexpr uint32_t kMaxOpenAtOnce = 16;
  if (backoff_until_ns_ <= worker_.now_ns) {
    for (uint32_t i = 0; i < std::min(answer.open, kMaxOpenAtOnce); ++i) Open();
  }
  return connection;
}

Connection* EndpointPool::UseConnection(uint32_t index, Waiter& waiter) {
  if (views_[index].state == MYELIN_CONNECTION_READY && !connections_[index]->IsOpen()) {
    DropClosed();
    return Acquire(waiter);  // ends, for each time round a connection less
  }
  myelin_connection& view = views_[index];
  ++view.streams;
  ++view.total;
  view.idle_ns = 0;
  Connection* connection = connections_[index].get();
  if (view.state == MYELIN_CONNECTION_READY) return connection;
  waiter.bound_ = connection;
  binders_.push_back(waiter);
  return nullptr;
}

Connection* EndpointPool::UseNew(Waiter& waiter) {
  if (backoff_until_ns_ > worker_.now_ns) {
    if (connections_.empty()) {
      waiter.OnNoStream(MYELIN_GRPC_UNAVAILABLE, Unreachable(), true);
    } else {
      Enqueue(waiter, 0);
    }
    return nullptr;
  }
  Connection* connection = Open();
  return UseConnection(connection->index_, waiter);
}

void EndpointPool::Enqueue(Waiter& waiter, uint32_t queue_ms) {
  if (queued_ >= options_.max_queued) {
    waiter.OnNoStream(MYELIN_GRPC_UNAVAILABLE, "too many calls wait for a stream to " + endpoint_->address(), true);
    return;
  }
  const uint64_t wait_ns = queue_ms == 0 ? Ns(options_.queue_timeout) : queue_ms * uint64_t{1'000'000};
  waiter.give_up_ns_ = worker_.now_ns + wait_ns;
  waiter.queued_ = true;
  queue_.push_back(waiter);
  counters_.queued.Set(++queued_);
  if (!queue_timer_.active()) worker_.timers.Start(queue_timer_, waiter.give_up_ns_);
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

void EndpointPool::Dequeue(Waiter& waiter) {
  if (waiter.is_linked()) waiter.unlink();
  if (!waiter.queued_) return;
  waiter.queued_ = false;
  counters_.queued.Set(--queued_);
}

void EndpointPool::Release(Connection& connection) {
  const uint32_t index = connection.index_;
  myelin_connection& view = views_[index];
  if (--view.streams == 0) {
    view.idle_ns = worker_.now_ns;
    if (view.state == MYELIN_CONNECTION_DRAINING) Drop(index);
  }
  if (queued_ > 0) ServeQueue();
}

void EndpointPool::OnTooManyPings() {
  constexpr Duration kLongest = std::chrono::hours(2);
  options_.connection.keepalive_time = std::min(options_.connection.keepalive_time * 2, kLongest);
  worker_.log.Write(LogLevel::kWarning, "upstream",
                    endpoint_->address() + " complains of too many pings; keepalive time is now " +
                        FormatDuration(options_.connection.keepalive_time),
                    {});
}

Connection* EndpointPool::Open() {
  ConnectionPtr connection = worker_.connector->Open(*endpoint_, options_.connection, *this);
  connection->index_ = static_cast<uint32_t>(connections_.size());
  myelin_connection view{};
  view.struct_size = sizeof(myelin_connection);
  view.state = MYELIN_CONNECTION_CONNECTING;
  view.id = NextConnectionId();
  view.stream_limit = UINT32_MAX;
  view.opened_ns = worker_.now_ns;
  view.idle_ns = worker_.now_ns;
  views_.push_back(view);
  connections_.push_back(std::move(connection));
  counters_.connecting.Add();
  counters_.opened.Add();
  return connections_.back().get();
}

Counter& EndpointPool::StateCounter(uint32_t state) {
  if (state == MYELIN_CONNECTION_CONNECTING) return counters_.connecting;
  return state == MYELIN_CONNECTION_READY ? counters_.ready : counters_.draining;
}

void EndpointPool::SetState(uint32_t index, uint32_t state) {
  StateCounter(views_[index].state).Subtract();
  views_[index].state = state;
  StateCounter(state).Add();
}

void EndpointPool::Drop(uint32_t index) {
  StateCounter(views_[index].state).Subtract();
  views_.erase(views_.begin() + index);
  connections_.erase(connections_.begin() + index);
  for (uint32_t i = index; i < connections_.size(); ++i) connections_[i]->index_ = i;
}

void EndpointPool::Drain(uint32_t index) {
  if (views_[index].streams == 0) {
    Drop(index);
  } else if (views_[index].state == MYELIN_CONNECTION_READY) {
    SetState(index, MYELIN_CONNECTION_DRAINING);
  }
}

void EndpointPool::DropClosed() {
  for (uint32_t i = static_cast<uint32_t>(connections_.size()); i-- > 0;) {
    if (views_[i].state == MYELIN_CONNECTION_READY && !connections_[i]->IsOpen()) Drain(i);
  }
}

void EndpointPool::OnReady(Connection& connection) {
  SetState(connection.index_, MYELIN_CONNECTION_READY);
  failures_ = 0;
  backoff_until_ns_ = 0;
  last_failure_.clear();
  reconnect_timer_.Stop();
  if (endpoint_->state() == MYELIN_ENDPOINT_DOWN) health_changed_(endpoint_, true, "");
  WaitList ready;
  for (auto it = binders_.begin(); it != binders_.end();) {
    Waiter& waiter = *it++;
    if (waiter.bound_ != &connection) continue;
    waiter.unlink();
    ready.push_back(waiter);
  }
  while (!ready.empty()) {
    Waiter& waiter = ready.front();
    ready.pop_front();
    waiter.bound_ = nullptr;
    waiter.OnStream(connection);
  }
  Tick();
  ServeQueue();
}

void EndpointPool::OnConnectFailed(Connection& connection, const std::string& reason) {
  counters_.connect_failures.Add();
  last_failure_ = reason;
  WaitList failed;
  for (auto it = binders_.begin(); it != binders_.end();) {
    Waiter& waiter = *it++;
    if (waiter.bound_ != &connection) continue;
    waiter.unlink();
    waiter.bound_ = nullptr;
    failed.push_back(waiter);
  }
  Drop(connection.index_);
  StartBackoff();
  const bool others = !connections_.empty();
  while (!others && !queue_.empty()) {
    Waiter& waiter = queue_.front();
    Dequeue(waiter);
    failed.push_back(waiter);
  }
  const std::string why = Unreachable();
  while (!failed.empty()) {
    Waiter& waiter = failed.front();
    failed.pop_front();
    if (!others) {
      waiter.OnNoStream(MYELIN_GRPC_UNAVAILABLE, why, true);
    } else if (Connection* other = Acquire(waiter)) {
      waiter.OnStream(*other);
    }
  }
}

// Exponential backoff with jitter, as gRPC's connection-backoff.md, with the factor 2.
void EndpointPool::StartBackoff() {
  const double base = static_cast<double>(options_.backoff_base.count());
  const double most = static_cast<double>(options_.backoff_max.count());
  const double delay = std::min(most, std::ldexp(base, static_cast<int>(std::min(failures_, 30u))));
  const double jitter = 1.0 + options_.backoff_jitter * (2.0 * worker_.random.NextDouble() - 1.0);
  ++failures_;
  backoff_until_ns_ = worker_.now_ns + static_cast<uint64_t>(delay * jitter);
  const bool down = std::none_of(views_.begin(), views_.end(),
                                 [](const auto& view) { return view.state == MYELIN_CONNECTION_READY; });
  if (!down) return;
  if (endpoint_->state() == MYELIN_ENDPOINT_UP) health_changed_(endpoint_, false, last_failure_);
  worker_.timers.Start(reconnect_timer_, backoff_until_ns_);
}

void EndpointPool::Tick() {
  worker_.timers.Start(tick_timer_, worker_.now_ns + kTickNs);
  DropClosed();
  if (!policy_.has_tick()) return;
  std::array<myelin_tick_command, 32> commands;
  myelin_tick tick{sizeof(myelin_tick), commands.size(), 0, sizeof(myelin_tick_command), commands.data()};
  const myelin_pool_view view = View();
  policy_.Tick(view, tick);
  const uint32_t count = std::min<uint32_t>(tick.count, commands.size());
  std::vector<uint64_t> drained;
  for (uint32_t i = 0; i < count; ++i) {
    const myelin_tick_command& command = commands[i];
    if (command.verb == MYELIN_TICK_OPEN) {
      if (backoff_until_ns_ <= worker_.now_ns) Open();
    } else if (command.index >= view.connection_count ||
               (command.verb != MYELIN_TICK_DRAIN && command.verb != MYELIN_TICK_NOTE)) {
      policy_.instance().strikes().Add("tick gave an invalid command");
    } else if (command.verb == MYELIN_TICK_NOTE) {
      views_[command.index].note = command.value;
    } else {
      drained.push_back(views_[command.index].id);
    }
  }
  for (uint64_t id : drained) {
    const auto found = std::find_if(views_.begin(), views_.end(), [&](const auto& item) { return item.id == id; });
    if (found != views_.end()) Drain(static_cast<uint32_t>(found - views_.begin()));
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
    const uint32_t verdict = policy_.Acquire(view, waiter.FillCall(), answer);
    if (verdict == MYELIN_ACQUIRE_QUEUE) break;
    if (verdict == MYELIN_ACQUIRE_OPEN && backoff_until_ns_ > worker_.now_ns && !connections_.empty()) break;
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
  if (next != UINT64_MAX) worker_.timers.Start(queue_timer_, next);
  const std::string why = "no stream to " + endpoint_->address() + " became free within " +
                          FormatDuration(options_.queue_timeout) + " (timeouts.queue)";
  while (!expired.empty()) {
    Waiter& waiter = expired.front();
    expired.pop_front();
    ++queue_timeouts_;
    waiter.OnNoStream(MYELIN_GRPC_UNAVAILABLE, why, false);
  }
}

std::string EndpointPool::Unreachable() const {
  std::string why = "endpoint " + endpoint_->address() + " cannot be reached: " + last_failure_;
  return why;
}

}  // namespace myelin
