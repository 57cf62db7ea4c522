// SPDX-License-Identifier: Apache-2.0
//
// A plugin of policies that use each member the wrapper knows, or none, and throw on demand: the endpoint's weight, the
// call's attempt or an option says when. Called through its entry, as a host would.
#include <numeric>

#include "sdk/fakes.h"

namespace myelin {
namespace {

using namespace sdk;

constexpr uint32_t kThrow = 99;

/// Nothing but what it must have.
struct Bare {
  PickVerdict Pick(const SnapshotView&, const CallView& call) const {
    if (call.Attempt() == kThrow) throw std::runtime_error("pick");
    if (call.Attempt() == 1) return PickVerdict::Queue();
    if (call.Attempt() == 2) return PickVerdict::Fail(MYELIN_GRPC_UNAVAILABLE, "none");
    return PickVerdict::Use(0);
  }
};

/// One of everything.
class Full {
 public:
  struct Table {
    std::vector<uint64_t> ids;
  };
  struct Shard {
    PickVerdict Pick(const SnapshotView&, const CallView& call, const Table& table) {
      const auto index = static_cast<uint32_t>(call.Random() % table.ids.size());
      return PickVerdict::Use(index, table.ids[index] * 1000 + full.done_total);
    }
    void Done(const ResultBatch& batch) {
      for (const myelin_call_result& result : batch) {
        if (result.outcome == kThrow) throw 1;
        full.done_total += result.token;
      }
    }
    Full& full;
  };

  Full(const Host& host, const Options& options) : host_(host), state_(options.Text("state")) {
    if (state_ == "throw") throw std::runtime_error("no state of that name");
    if (state_ == "throw int") throw 1;
    if (state_ == "throw code") throw Error(MYELIN_ERROR_UNSUPPORTED, "not on this host");
    if (state_ == "throw invalid") throw std::invalid_argument("not that");
    if (state_ == "throw bad_alloc") throw std::bad_alloc();
  }
  ~Full() { host_.Log(MYELIN_LOG_INFO, "destroyed"); }

  std::unique_ptr<Shard> MakeShard(uint32_t worker) {
    if (worker == kThrow) throw std::runtime_error("no such worker");
    if (worker == kThrow + 1) return nullptr;
    return std::unique_ptr<Shard>(new Shard{*this});
  }

  std::unique_ptr<Table> Update(const SnapshotView& snapshot) {
    if (snapshot.empty()) throw std::runtime_error("no endpoints");
    auto table = std::make_unique<Table>();
    for (const EndpointView endpoint : snapshot) table->ids.push_back(endpoint.Id());
    return table;
  }

  std::string Save() {
    if (state_ == "unsaved") throw std::runtime_error("nothing to save");
    return state_;
  }
  void Load(std::string_view bytes) {
    if (bytes == "v0") throw std::runtime_error("v0 is too old");
    state_ = bytes;
  }

  uint64_t done_total = 0;

 private:
  Host host_;
  std::string state_;
};

/// Hears of updates and builds nothing.
class Listening {
 public:
  void Update(const SnapshotView& snapshot) { version_ = snapshot.Version(); }
  PickVerdict Pick(const SnapshotView&, const CallView&) const { return PickVerdict::Use(0, version_); }

 private:
  uint64_t version_ = 0;
};

struct BarePool {
  AcquireVerdict Acquire(const PoolView&, const CallView&) const { return AcquireVerdict::Open(); }
};

class FullPool {
 public:
  AcquireVerdict Acquire(const PoolView& view, const CallView& call) const {
    if (call.Attempt() == kThrow) throw std::runtime_error("acquire");
    for (uint32_t i = 0; i < view.size(); ++i) {
      if (view[i].streams < view[i].stream_limit) return AcquireVerdict::Use(i, 2);
    }
    if (view.Queued() > 3) return AcquireVerdict::Fail(MYELIN_GRPC_RESOURCE_EXHAUSTED, "full");
    return AcquireVerdict::Queue(250, view.Share(8));
  }
  void Tick(const PoolView& view, TickCommands& commands) const {
    commands.Open();
    for (uint32_t i = 0; i < view.size(); ++i) commands.Drain(i);
    commands.Note(0, 17);
    if (view.Queued() == kThrow) throw std::runtime_error("tick");
  }
  uint32_t MaxWorkers() const { return limit == kThrow ? throw std::runtime_error("workers") : limit; }

  explicit FullPool(const Options& options) : limit(options.Integer<uint32_t>("limit")) {}
  uint32_t limit;
};

struct BareLimiter {
  AdmitVerdict Admit(const CallView&) const { return AdmitVerdict::Admit(); }
};

/// Admits who says so in metadata.
class FullLimiter {
 public:
  explicit FullLimiter(const Host& host)
      : slot_((host.WantMetadata("x-other"), host.WantMetadata("x-say"))),
        refused_(host.AddCounter("refused", "So many.")) {}

  AdmitVerdict Admit(const CallView& call) const {
    for (const std::string_view value : call.Metadata(slot_)) {
      if (value == "throw") throw std::runtime_error("admit");
      if (value == "admit") return AdmitVerdict::Admit(11);
      if (value == "delay") return AdmitVerdict::Delay(5000, 12);
    }
    refused_.Add();
    return AdmitVerdict::Reject(MYELIN_GRPC_PERMISSION_DENIED, "say so", MYELIN_PUSHBACK_STOP);
  }
  void Done(const ResultBatch& batch) const { refused_.Add(batch.size() * 100); }

 private:
  uint32_t slot_;
  Metric refused_;
};

constexpr myelin_option kFullOptions[] = {Text("state", "empty", "What is carried over."),
                                          Bool("b", "true", "A flag.")};
constexpr myelin_option kPoolOptions[] = {Integer("limit", "4", "0", nullptr, "Workers.")};

}  // namespace
}  // namespace myelin

MYELIN_LICENSED_PLUGIN("policies", "1.2.3", "tests", "Apache-2.0", myelin::sdk::Balancer<myelin::Bare>("bare", "Bare."),
                       myelin::sdk::Balancer<myelin::Full>("full", "Full.", myelin::kFullOptions),
                       myelin::sdk::Balancer<myelin::Listening>("listening", "Listens."),
                       myelin::sdk::Pool<myelin::BarePool>("bare_pool", "Bare."),
                       myelin::sdk::Pool<myelin::FullPool>("full_pool", "Full.", myelin::kPoolOptions),
                       myelin::sdk::Limiter<myelin::BareLimiter>("bare_limiter", "Bare."),
                       myelin::sdk::Limiter<myelin::FullLimiter, myelin::sdk::OnFailure::kRefuse>("full_limiter",
                                                                                                  "Full."));
