// SPDX-License-Identifier: Apache-2.0
//
// One worker's side of a pool's host: connections to one endpoint that do what the pool's answers and ticks say, and
// calls that use, await or queue for them. Owned by the test, which turns the clock and says when connections are
// ready. A Pool has Acquire(const sdk::PoolView&) and Tick(const sdk::PoolView&, sdk::TickCommands& or myelin_tick*).
#pragma once

#include <myelin/cpp/pool.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <vector>

namespace myelin::test {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kQueued = 0;  // Start: the call found no connection

template <typename Pool>
class PoolHost {
 public:
  explicit PoolHost(const Pool& pool, uint32_t worker = 0, uint32_t worker_count = 1) : pool_(pool) {
    cell_.struct_size = sizeof(cell_);
    endpoint_.struct_size = sizeof(endpoint_);
    endpoint_.id = 1;
    endpoint_.cell = &cell_;
    view_.struct_size = sizeof(view_);
    view_.connection_stride = sizeof(myelin_connection);
    view_.endpoint = &endpoint_;
    view_.now_ns = 1'000 * kSecond;
    view_.worker = worker;
    view_.worker_count = worker_count;
    Tick();
  }
  PoolHost(const PoolHost&) = delete;
  PoolHost& operator=(const PoolHost&) = delete;

  // A call: the id of the connection that has it, or kQueued.
  uint64_t Start() {
    ++cell_.picked_total;
    const sdk::AcquireVerdict answer = pool_.Acquire(View());
    for (uint32_t i = 0; i < answer.open; ++i) Open();
    if (answer.verdict == MYELIN_ACQUIRE_OPEN) return Take(Open());
    if (answer.verdict == MYELIN_ACQUIRE_USE) return Take(connections_.at(answer.index));
    if (answer.verdict != MYELIN_ACQUIRE_QUEUE) throw std::logic_error("a pool answered neither USE, OPEN nor QUEUE");
    ++view_.queued;
    return kQueued;
  }

  std::vector<uint64_t> Start(uint32_t calls) {
    std::vector<uint64_t> ids(calls);
    for (uint64_t& id : ids) id = Start();
    return ids;
  }

  // The call on connection `id` ends.
  void End(uint64_t id) {
    myelin_connection& connection = Find(id);
    if (--connection.streams == 0) connection.idle_ns = view_.now_ns;
    CloseDrained();
  }

  void End(const std::vector<uint64_t>& ids) {
    for (const uint64_t id : ids) End(id);
  }

  // All CONNECTING connections are ready, with what the peer allows.
  void Connect(uint32_t stream_limit = UINT32_MAX) {
    for (myelin_connection& connection : connections_) {
      if (connection.state != MYELIN_CONNECTION_CONNECTING) continue;
      connection.state = MYELIN_CONNECTION_READY;
      connection.stream_limit = stream_limit;
      if (connection.streams == 0) connection.idle_ns = view_.now_ns;
    }
  }

  // A connection breaks, and its calls with it.
  void Lose(uint64_t id) {
    connections_.erase(connections_.begin() + (&Find(id) - connections_.data()));
    Tick();
  }

  void Tick() {
    std::array<myelin_tick_command, 64> room{};
    myelin_tick tick{sizeof(tick), capacity, 0, sizeof(myelin_tick_command), room.data()};
    Ask(&tick);
    for (uint32_t i = 0; i < tick.count; ++i) {
      if (room[i].verb == MYELIN_TICK_DRAIN) connections_.at(room[i].index).state = MYELIN_CONNECTION_DRAINING;
    }
    for (uint32_t i = 0; i < tick.count; ++i) {
      if (room[i].verb == MYELIN_TICK_OPEN) Open();
    }
    CloseDrained();
  }

  // Time passes with a tick each second, and connections become ready within it.
  void Pass(uint64_t seconds) {
    for (uint64_t i = 0; i < seconds; ++i) {
      view_.now_ns += kSecond;
      Tick();
      Connect();
    }
  }

  uint32_t live() const { return Count(MYELIN_CONNECTION_READY) + Count(MYELIN_CONNECTION_CONNECTING); }
  uint32_t Count(uint32_t state) const {
    return static_cast<uint32_t>(std::count_if(connections_.begin(), connections_.end(),
                                               [state](const auto& connection) { return connection.state == state; }));
  }
  const std::vector<myelin_connection>& connections() const { return connections_; }
  uint64_t opened() const { return last_id_; }  // connections so far; also the id of the newest
  void set_queued(uint32_t queued) { view_.queued = queued; }
  void set_worker_count(uint32_t worker_count) { view_.worker_count = worker_count; }
  void set_picked() { ++cell_.picked_total; }

  uint32_t capacity = 64;  // commands that fit in a tick

 private:
  sdk::PoolView View() {
    view_.connections = connections_.data();
    view_.connection_count = static_cast<uint32_t>(connections_.size());
    return sdk::PoolView(&view_);
  }

  void Ask(myelin_tick* tick) {
    if constexpr (requires { pool_.Tick(View(), tick); }) {
      pool_.Tick(View(), tick);
    } else {
      sdk::TickCommands commands(tick);
      pool_.Tick(View(), commands);
    }
  }

  myelin_connection& Open() {
    myelin_connection& connection = connections_.emplace_back();
    connection.struct_size = sizeof(connection);
    connection.state = MYELIN_CONNECTION_CONNECTING;
    connection.id = ++last_id_;
    connection.stream_limit = UINT32_MAX;
    connection.opened_ns = connection.idle_ns = view_.now_ns;
    return connection;
  }

  uint64_t Take(myelin_connection& connection) {
    if (connection.state == MYELIN_CONNECTION_DRAINING) throw std::logic_error("a call on a draining connection");
    if (connection.streams >= connection.stream_limit) throw std::logic_error("more calls than the peer allows");
    ++connection.streams;
    ++connection.total;
    connection.idle_ns = 0;
    return connection.id;
  }

  myelin_connection& Find(uint64_t id) {
    for (myelin_connection& connection : connections_) {
      if (connection.id == id) return connection;
    }
    throw std::logic_error("no such connection");
  }

  void CloseDrained() {
    std::erase_if(connections_, [](const myelin_connection& connection) {
      return connection.state == MYELIN_CONNECTION_DRAINING && connection.streams == 0;
    });
  }

  const Pool& pool_;
  myelin_endpoint_cell cell_{};
  myelin_endpoint endpoint_{};
  myelin_pool_view view_{};
  std::vector<myelin_connection> connections_;
  uint64_t last_id_ = 0;
};

}  // namespace myelin::test
