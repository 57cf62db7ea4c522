// SPDX-License-Identifier: Apache-2.0
//
// A balancer, a pool and a limiter through the C++ wrapper as it was when this was built. They use what the wrapper
// offers and pass calls on; what the host shows is checked by the probes in C.
#include <myelin/myelin.hpp>

namespace {
using namespace myelin::sdk;

constexpr char kKey[] = "x-abi-probe";

constexpr myelin_option kOptions[] = {
    Required(Text("name", nullptr, "Must be 'probe'.")),
    Integer("count", "7", "1", "10", "A number."),
    Duration("wait", "250ms", "0s", nullptr, "A time."),
    List(Text("words", "a, b", "Words.")),
    Any("extra", "Anything."),
};

/// What the three have in common.
class Probe {
 public:
  Probe(const Host& host, const Options& options)
      : slot(host.WantMetadata(kKey)),
        checks(host.AddCounter("probe_cpp_calls", "Calls seen by the wrapper.")),
        timer_(host, std::chrono::milliseconds(10), [] {}) {
    if (options.Text("name") != "probe") throw Error(MYELIN_ERROR_INVALID, "'name' is not 'probe'");
    const bool fine = options.Integer<uint32_t>("count") == 7 && options.DurationNs("wait") == 250000000 &&
                      options.At("words").size() == 2 && options.At("words")[1].Scalar() == "b";
    if (!fine) throw std::invalid_argument("defaults that are none");
    host.Log(MYELIN_LOG_INFO, "the probe speaks C++");
  }

  /// Whether the caller asks `who` to fail the call.
  bool Asked(const CallView& call, std::string_view who) const {
    checks.Add();
    return call.FirstMetadata(slot) == who;
  }

  std::string Save() const { return "saved"; }
  void Load(std::string_view bytes) {
    if (bytes != "saved") throw Error(MYELIN_ERROR_INVALID, "bytes of somebody else");
  }

  const uint32_t slot;
  const Metric checks;

 private:
  Timer timer_;
};

/// The ids of a snapshot, as a balancer would prepare a table.
struct Ids {
  std::unique_ptr<uint64_t[]> ids;
};

struct BalancerShard {
  PickVerdict Pick(const SnapshotView& endpoints, const CallView& call, const Ids& prepared) {
    if (probe->Asked(call, "balancer")) return PickVerdict::Fail(MYELIN_GRPC_ABORTED, "the balancer was asked to");
    const uint32_t index = next++ % endpoints.size();
    if (endpoints[index].Id() != prepared.ids[index]) throw std::logic_error("another snapshot was prepared");
    return PickVerdict::Use(index, next);
  }
  void Done(const ResultBatch& results) {
    for (const myelin_call_result& result : results) settled += result.token <= next ? 1 : 0;
  }
  const Probe* probe;
  uint32_t next = 0;
  uint64_t settled = 0;
};

struct ProbeBalancer : Probe {
  using Probe::Probe;
  std::unique_ptr<BalancerShard> MakeShard(uint32_t) {
    auto shard = std::make_unique<BalancerShard>();
    shard->probe = this;
    return shard;
  }
  std::unique_ptr<Ids> Update(const SnapshotView& endpoints) {
    auto made = std::make_unique<Ids>();
    made->ids.reset(new uint64_t[endpoints.size()]);
    for (uint32_t i = 0; i < endpoints.size(); ++i) made->ids[i] = endpoints[i].Id();
    return made;
  }
};

struct ProbePool : Probe {
  using Probe::Probe;
  AcquireVerdict Acquire(const PoolView& view, const CallView& call) const {
    if (Asked(call, "pool")) return AcquireVerdict::Fail(MYELIN_GRPC_OUT_OF_RANGE, "the pool was asked to");
    for (uint32_t i = 0; i < view.size(); ++i) {
      if (view[i].state != MYELIN_CONNECTION_DRAINING && view[i].streams < view[i].stream_limit) {
        return AcquireVerdict::Use(i);
      }
    }
    return AcquireVerdict::Open();
  }
  void Tick(const PoolView& view, TickCommands& commands) const {
    for (uint32_t i = 0; i < view.size(); ++i) commands.Note(i, view[i].id);
  }
  uint32_t MaxWorkers() const { return 64; }
};

struct ProbeLimiter : Probe {
  using Probe::Probe;
  AdmitVerdict Admit(const CallView& call) const {
    if (Asked(call, "limiter")) {
      return AdmitVerdict::Reject(MYELIN_GRPC_PERMISSION_DENIED, "the limiter was asked to", MYELIN_PUSHBACK_STOP);
    }
    return Asked(call, "delay") ? AdmitVerdict::Delay(2000000) : AdmitVerdict::Admit();
  }
};
}  // namespace

MYELIN_PLUGIN("probe_cpp", "1.0.0", "Myelin tests", Balancer<ProbeBalancer>("probe_cpp", "Takes turns.", kOptions),
              Pool<ProbePool>("probe_cpp", "The first connection with room.", kOptions),
              Limiter<ProbeLimiter>("probe_cpp", "Lets pass.", kOptions));
