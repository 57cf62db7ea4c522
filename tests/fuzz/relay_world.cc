// SPDX-License-Identifier: Apache-2.0
#include "fuzz/relay_world.h"

#include <myelin/status.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "fuzz/require.h"
#include "plugin/options.h"
#include "plugin/vtable.h"

namespace myelin::frame::fuzz {
namespace {

uint64_t now_ns = 0;  // stands still but for Pass
uint64_t Now() { return now_ns; }

LogOptions QuietLog() {
  LogOptions options;
  options.level = LogLevel::kError;
  options.queue_lines = 0;
  return options;
}

/// A listening socket of the kind that needs no path to be cleaned up but its folder's.
struct Listening {
  explicit Listening(const std::string& name) {
    std::string why;
    address = "unix:" + folder() + "/" + name;
    const auto found = Resolve(SplitAddress(address), true, true, why);
    Require(!found.empty(), "an address of a socket");
    fd = ListenOn(found[0], why);
    Require(fd >= 0, "a listening socket");
    where = found[0];
  }
  static const std::string& folder() {
    static const std::string made = [] {
      std::string path = "/tmp/myelin-fuzz-XXXXXX";
      Require(::mkdtemp(path.data()) != nullptr, "a temporary folder");
      return path;
    }();
    return made;
  }
  std::string address;
  SocketAddress where;
  int fd;
};

/// What all inputs share.
struct Surroundings {
  ControlThread control;
  Logger log{QuietLog()};
  MetricCells metrics;
  MetadataKeys keys;
  Listening down{"down"};
  Listening up{"up"};
  ~Surroundings() {
    ::unlink(down.address.substr(5).c_str());
    ::unlink(up.address.substr(5).c_str());
    ::rmdir(Listening::folder().c_str());
  }
};

Surroundings& Shared() {
  static Surroundings surroundings;
  return surroundings;
}

template <typename Functions>
PolicyHandle MakeHandle(PolicyKind kind, Functions table) {
  PolicyHandle handle;
  handle.kind = kind;
  handle.name = "fuzz";
  FillGaps(table);
  handle.functions = table;
  return handle;
}

int32_t Create(const myelin_host*, const myelin_options*, void** instance, myelin_error*) {
  *instance = nullptr;
  return MYELIN_OK;
}

const PolicyHandle& FirstEndpoint() {
  static const PolicyHandle handle = [] {
    myelin_balancer table{};
    table.struct_size = sizeof(table);
    table.create = Create;
    table.destroy = [](void*) {};
    table.pick = [](void*, const myelin_snapshot* snapshot, const myelin_call*, myelin_pick* out) {
      out->index = 0;
      return snapshot->endpoint_count > 0 ? MYELIN_PICK : MYELIN_PICK_FAIL;
    };
    return MakeHandle(PolicyKind::kBalancer, table);
  }();
  return handle;
}

/// Two connections at most, the first that has room.
const PolicyHandle& TwoConnections() {
  static const PolicyHandle handle = [] {
    myelin_pool table{};
    table.struct_size = sizeof(table);
    table.create = Create;
    table.destroy = [](void*) {};
    table.acquire = [](void*, const myelin_pool_view* view, const myelin_call*, myelin_acquire* out) {
      for (uint32_t i = 0; i < view->connection_count; ++i) {
        const myelin_connection& connection = *myelin_connection_at(view, i);
        if (connection.state == MYELIN_CONNECTION_DRAINING || connection.streams >= connection.stream_limit) continue;
        out->index = i;
        return MYELIN_ACQUIRE_USE;
      }
      return view->connection_count < 2 ? MYELIN_ACQUIRE_OPEN : MYELIN_ACQUIRE_QUEUE;
    };
    return MakeHandle(PolicyKind::kPool, table);
  }();
  return handle;
}

template <typename Functions>
std::shared_ptr<PolicyInstance<Functions>> MakePolicy(const PolicyHandle& handle) {
  Surroundings& shared = Shared();
  Diagnostics diagnostics;
  CheckedOptions options;
  Require(CheckOptions(handle.options, Node{}, diagnostics, options), "a policy without options");
  std::shared_ptr<PolicyInstance<Functions>> made = PolicyInstance<Functions>::Create(
      handle, options, {"fuzz", 1, &shared.keys, &shared.control, &shared.metrics, &shared.log}, Origin{"fuzz"},
      diagnostics);
  Require(made != nullptr, "a policy");
  return made;
}

}  // namespace

void PeerSocket::Send(std::string_view bytes) {
  if (fd_ < 0) return;
  const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0 && static_cast<size_t>(sent) < bytes.size()) Close();
}

void PeerSocket::Read() {
  if (fd_ < 0 || stalled_) return;
  std::array<uint8_t, 65536> bytes;
  for (;;) {
    const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got <= 0) return;
    check_.Take(bytes.data(), static_cast<size_t>(got));
  }
}

void PeerSocket::Close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

RelayWorld::RelayWorld() {
  Surroundings& shared = Shared();
  worker_.emplace(0, shared.control, shared.log, HostLimits(), Now);
  now_ns = MonotonicNow() + 1'000'000;  // after the worker's timer wheel has begun
  worker_->context().now_ns = now_ns;
  worker_->context().random = Random(1);
  MakeShard();
  entrance_.emplace(*worker_, ProxyLimits(), connections_);
  entrance_->AddSocket(shared.down.fd, true);
  entrance_->Start(*shard_);
  Connect();
}

void RelayWorld::MakeShard() {
  Surroundings& shared = Shared();
  parts_.settings.name = "fuzz";
  parts_.settings.stream_idle_timeout = std::chrono::seconds(30);
  parts_.balancer = MakePolicy<myelin_balancer>(FirstEndpoint());
  parts_.pool = MakePolicy<myelin_pool>(TwoConnections());
  parts_.health_changed = [](const std::shared_ptr<Endpoint>&, bool, const std::string&) {};
  parts_.endpoints.push_back(std::make_shared<Endpoint>(Endpoint::Spec{shared.up.address, 1, 0, "", {}}, 0, 1));
  counters_.emplace();
  EndpointPool::Options options;
  options.connection = {std::chrono::seconds(5), std::chrono::seconds(10), std::chrono::seconds(5)};
  options.backoff_base = std::chrono::milliseconds(100);
  options.backoff_max = std::chrono::seconds(1);
  options.queue_timeout = std::chrono::seconds(1);
  shard_.emplace(worker_->context(), parts_, *counters_, options);
  std::string why;
  shard_->SetSnapshot(Snapshot::Make(parts_.endpoints, 1, parts_.balancer, shared.control, why));
}

uint64_t RelayWorld::InFlight() const { return counters_->in_flight.Get() + parts_.endpoints[0]->in_flight(); }

RelayWorld::~RelayWorld() {
  client_->Close();
  for (const auto& upstream : upstreams_) upstream->Close();
  Turn();
  Turn();
  Require(InFlight() == 0, "no call to outlive its client's connection");
  entrance_->Close();
  shard_->Close();
  Turn();
  Require(worker_->bytes().held() == 0, "no byte to be counted that nobody waits for");
  entrance_.reset();
  shard_.reset();
  worker_.reset();
  Accept();
}

void RelayWorld::Turn() {
  worker_->Turn(false);
  Accept();
  client_->Read();
  for (const auto& upstream : upstreams_) upstream->Read();
}

void RelayWorld::Pass(uint64_t ns) { now_ns += ns; }

void RelayWorld::Connect() {
  std::string why;
  const int fd = ConnectTo(Shared().down.where, why);
  Require(fd >= 0, "a client's connection");
  client_ = std::make_unique<PeerSocket>(fd, true);
  Turn();
}

void RelayWorld::Accept() {
  for (;;) {
    const int fd = ::accept4(Shared().up.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    upstreams_.push_back(std::make_unique<PeerSocket>(fd, false));
    upstreams_.back()->Send(greeting_);
  }
}

void RelayWorld::Drain() {
  entrance_->Drain(now_ns + 1'000'000'000, [] {});
}

}  // namespace myelin::frame::fuzz
