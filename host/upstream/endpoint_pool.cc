// SPDX-License-Identifier: Apache-2.0
#include "upstream/endpoint_pool.h"

#include <algorithm>
#include <array>
#include <utility>

namespace myelin {
namespace {

uint64_t NextConnectionId() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

}  // namespace

EndpointPool::EndpointPool(WorkerContext& worker, std::shared_ptr<Endpoint> endpoint, PoolShard& policy,
                           const Options& options, HealthChanged health_changed)
    : worker_(worker),
      endpoint_(std::move(endpoint)),
      policy_(&policy),
      counters_(endpoint_->counters(worker.index)),
      options_(options),
      configured_keepalive_(options.connection.keepalive_time),
      abi_endpoint_(endpoint_->Abi()),
      health_changed_(std::move(health_changed)),
      tick_timer_([](void* self) { static_cast<EndpointPool*>(self)->Tick(); }, this),
      queue_timer_([](void* self) { static_cast<EndpointPool*>(self)->ExpireQueue(); }, this),
      reconnect_timer_([](void* self) { static_cast<EndpointPool*>(self)->Open(); }, this) {}

EndpointPool::~EndpointPool() {
  while (!connections_.empty()) Drop(static_cast<uint32_t>(connections_.size() - 1));
}

bool EndpointPool::HasLive() const {
  return std::any_of(views_.begin(), views_.end(),
                     [](const auto& view) { return view.state != MYELIN_CONNECTION_DRAINING; });
}

void EndpointPool::Start() {
  if (started_) return;
  started_ = true;
  Tick();
}

void EndpointPool::Retire(std::function<void()> gone) {
  for (Timer* timer : {&tick_timer_, &queue_timer_, &reconnect_timer_}) timer->Stop();
  retired_ = true;
  gone_ = std::move(gone);
  WaitList waiting;
  waiting.swap(binders_);
  TakeQueue(waiting);
  for (Waiter& waiter : waiting) waiter.bound_ = nullptr;
  for (auto index = static_cast<uint32_t>(connections_.size()); index-- > 0;) {
    if (views_[index].state == MYELIN_CONNECTION_CONNECTING) {
      Drop(index);
    } else {
      Drain(index);
    }
  }
  if (IsGone()) gone_();
  const std::string why = "endpoint " + endpoint_->Label() + " was taken out";
  while (!waiting.empty()) {
    Waiter& waiter = waiting.front();
    waiting.pop_front();
    waiter.OnNoStream(NoStream::kUnreachable, MYELIN_GRPC_UNAVAILABLE, why);
  }
}

// What the old policy noted means nothing to the new one.
void EndpointPool::SetPolicy(PoolShard& policy) {
  policy_ = &policy;
  for (myelin_connection& view : views_) view.note = 0;
  if (started_ && !retired_) Tick();
}

// An interval that was doubled because the peer complained stays, unless another was configured.
void EndpointPool::SetOptions(const Options& options) {
  const Duration keepalive = options_.connection.keepalive_time;
  options_ = options;
  if (options.connection.keepalive_time == configured_keepalive_) options_.connection.keepalive_time = keepalive;
  configured_keepalive_ = options.connection.keepalive_time;
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
  waiter.give_up_ns_ = 0;
  return Ask(waiter);
}

Connection* EndpointPool::Ask(Waiter& waiter) {
  const myelin_pool_view view = View();
  myelin_acquire answer{};
  answer.struct_size = sizeof(myelin_acquire);
  const uint32_t verdict = policy_->Acquire(view, waiter.FillCall(), answer);
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
      waiter.OnNoStream(NoStream::kRefused, answer.status == 0 ? MYELIN_GRPC_UNAVAILABLE : answer.status,
                        {answer.message.data, answer.message.size});
      return nullptr;
  }
  OpenBesides(answer.open);
  return connection;
}

void EndpointPool::OpenBesides(uint32_t count) {
  constexpr uint32_t kMaxOpenAtOnce = 16;
  if (backoff_until_ns_ > worker_.now_ns) return;
  for (uint32_t i = 0; i < std::min(count, kMaxOpenAtOnce) && !IsFull(); ++i) Open();
}

Connection* EndpointPool::UseConnection(uint32_t index, Waiter& waiter) {
  if (views_[index].state == MYELIN_CONNECTION_READY && !connections_[index]->IsOpen()) {
    DropClosed();
    return Ask(waiter);  // ends, for each time round there is a live connection less
  }
  if (IsFull(index)) {  // the peer's limit holds, whatever the policy says
    Enqueue(waiter, 0);
    return nullptr;
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
    if (HasLive()) {
      Enqueue(waiter, 0);
    } else {
      waiter.OnNoStream(NoStream::kUnreachable, MYELIN_GRPC_UNAVAILABLE, Unreachable());
    }
    return nullptr;
  }
  if (IsFull()) {
    Enqueue(waiter, 0);
    return nullptr;
  }
  Connection* connection = Open();
  return UseConnection(connection->index_, waiter);
}

void EndpointPool::Release(Connection& connection) {
  const uint32_t index = connection.index_;
  myelin_connection& view = views_[index];
  if (--view.streams == 0) {
    view.idle_ns = worker_.now_ns;
    if (view.state == MYELIN_CONNECTION_DRAINING) Drop(index);
  }
  if (IsGone()) gone_();
  if (queued_ > 0) ServeQueue();
}

void EndpointPool::OnTooManyPings(Connection& connection) {
  constexpr Duration kLongest = std::chrono::hours(2);
  Duration& interval = options_.connection.keepalive_time;
  if (views_[connection.index_].id <= last_pinged_id_ || interval == Duration::zero()) return;
  last_pinged_id_ = views_.back().id;
  interval = std::max(interval, std::min(interval * 2, kLongest));
  worker_.log.Write(
      LogLevel::kWarning, "upstream",
      endpoint_->address() + " complains of too many pings; keepalive time is now " + FormatDuration(interval), {});
}

Connection* EndpointPool::Open() {
  ConnectionPtr connection = worker_.connector->Open(*endpoint_, options_.connection, *this);
  connection->index_ = static_cast<uint32_t>(connections_.size());
  myelin_connection view{};
  view.struct_size = sizeof(myelin_connection);
  view.state = MYELIN_CONNECTION_CONNECTING;
  view.id = NextConnectionId();
  view.stream_limit = kStreamsBeforeSettings;
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
  if (retired_) return;
  worker_.timers.Start(tick_timer_, worker_.now_ns + kTickAfterCloseNs);
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

void EndpointPool::Tick() {
  worker_.timers.Start(tick_timer_, worker_.now_ns + kTickNs);
  DropClosed();
  if (policy_->has_tick()) {
    std::array<myelin_tick_command, 32> commands{};
    myelin_tick tick{sizeof(myelin_tick), commands.size(), 0, sizeof(myelin_tick_command), commands.data()};
    const myelin_pool_view view = View();
    policy_->Tick(view, tick);
    tick = {sizeof(myelin_tick), commands.size(), tick.count, sizeof(myelin_tick_command), commands.data()};
    CarryOut(tick, view.connection_count);
  }
  ServeQueue();  // for those whose turn no stream's end brings: a backoff may be over, or the last connection gone
}

// `connection_count` connections were there when the policy was asked; those opened since stand behind them.
void EndpointPool::CarryOut(const myelin_tick& tick, uint32_t connection_count) {
  const uint32_t count = std::min(tick.count, tick.capacity);
  std::vector<uint64_t> drained;
  for (uint32_t i = 0; i < count; ++i) {
    const myelin_tick_command& command = tick.commands[i];
    if (command.verb == MYELIN_TICK_OPEN) {
      if (backoff_until_ns_ <= worker_.now_ns && !IsFull()) Open();
    } else if (command.index >= connection_count ||
               (command.verb != MYELIN_TICK_DRAIN && command.verb != MYELIN_TICK_NOTE)) {
      policy_->instance().guard().Strike("tick gave an invalid command");
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

}  // namespace myelin
