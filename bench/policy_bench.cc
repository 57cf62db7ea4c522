// SPDX-License-Identifier: Apache-2.0
//
// What the policy layer of one call costs: route, token_bucket, balancer, loose, lease, first byte, settle, results
// told. Through class Call and the plugins' own .so files, with 64 calls in flight and a clock that is set, not read.
// One thread.
//   policy_bench [--check] [Google Benchmark's flags]
// --check: exit code 1 if a call allocates, or if a benchmark's best repetition costs over 200 ns of CPU per call
#include <benchmark/benchmark.h>

#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <string>

#include "allocations.h"
#include "call/call.h"
#include "policy_world.h"

namespace myelin::bench {
namespace {

constexpr size_t kInFlight = 64;
constexpr uint64_t kCallEveryNs = 1'000;
constexpr double kMostNsPerCall = 200;

bool failed = false;
std::map<std::string, double> lowest_ns;  // of a benchmark's repetitions: what disturbs only ever adds

// Of this thread, so that a busy machine does not fail the check.
double CpuNs() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

class FixedMetadata final : public RequestMetadata {
 public:
  void ForEach(std::string_view key, void (*found)(void*, std::string_view), void* context) const override {
    for (const auto& [name, value] : kPairs) {
      if (name == key) found(context, value);
    }
  }

 private:
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kPairs{{
      {"user-agent", "grpc-c++/1.51.1 grpc-c/29.0.0 (linux; chttp2)"},
      {"grpc-accept-encoding", "identity, deflate, gzip"},
      {"x-tenant", "tenant-42"},
      {"x-request-id", "6f1c1c4e-9f4e-4c55-9d5c-0f2a4c4b7a10"},
      {"authorization", "Bearer 0123456789abcdef"},
  }};
};

// A call as a pump embeds it, made anew for each call; it must get its stream at once.
class OneCall final : private Call::Handler {
 public:
  void Start(PolicyWorld& world, const CallRequest& request) {
    call_.emplace(static_cast<Call::Handler&>(*this)).Start(world.shard(), request);
  }
  bool End() {
    const bool streamed = call_->has_stream();
    call_->OnFirstByte();
    call_->AddSent(37, 1);
    call_->AddReceived(37, 1);
    call_->End(MYELIN_OUTCOME_SUCCESS, MYELIN_GRPC_OK, "");
    call_.reset();
    return streamed;
  }

 private:
  void OnStream(Connection&) override {}
  void OnRefused(const Refusal&) override {}

  std::optional<Call> call_;
};

// Calls of which kInFlight are in flight at any time; one step ends the oldest and starts another.
class Traffic {
 public:
  explicit Traffic(PolicyWorld& world) : world_(world) {
    request_.path = "/shop.v1.Orders/Get";
    request_.authority = "orders.example:443";
    request_.peer.text = "10.1.2.3:4711";
    request_.peer.family = MYELIN_PEER_IPV4;
    request_.metadata = &metadata_;
    for (OneCall& call : calls_) call.Start(world_, request_);
  }

  bool Step() {
    OneCall& call = calls_[next_];
    const bool streamed = call.End();
    request_.start_ns = world_.worker().now_ns;
    call.Start(world_, request_);
    world_.worker().now_ns += kCallEveryNs;
    if (++next_ == kInFlight) {
      next_ = 0;
      world_.EndTurn();
    }
    return streamed;
  }

 private:
  PolicyWorld& world_;
  FixedMetadata metadata_;
  CallRequest request_;
  std::array<OneCall, kInFlight> calls_;
  size_t next_ = 0;
};

void CallThroughPolicies(benchmark::State& state, const char* balancer, const char* limiter_key) {
  PolicyWorld world({balancer, static_cast<uint32_t>(state.range(0)), limiter_key});
  Traffic traffic(world);
  constexpr int kWarmUp = 200'000;
  for (int i = 0; i < kWarmUp; ++i) traffic.Step();
  const uint64_t before = Allocations();
  const double begin_ns = CpuNs();
  for (auto _ : state) {
    if (traffic.Step()) continue;
    failed = true;
    state.SkipWithError("a call got no stream");
    break;
  }
  const double spent_ns = CpuNs() - begin_ns;
  const auto calls = static_cast<double>(state.iterations());
  const auto allocations = static_cast<double>(Allocations() - before);
  state.counters["allocs/call"] = allocations / calls;
  if (allocations > 0) failed = true;
  constexpr double kEnoughCalls = 100'000;
  if (calls < kEnoughCalls) return;  // one of the tries by which the library finds how many calls to make
  const std::string name = std::string(balancer) + "/" + limiter_key + "/" + std::to_string(state.range(0));
  const auto known = lowest_ns.try_emplace(name, spent_ns / calls).first;
  known->second = std::min(known->second, spent_ns / calls);
}

bool WithinLimits() {
  return !failed && std::all_of(lowest_ns.begin(), lowest_ns.end(),
                                [](const auto& entry) { return entry.second <= kMostNsPerCall; });
}

BENCHMARK_CAPTURE(CallThroughPolicies, random_weight, "random_weight", "proxy")->Arg(3)->Arg(30)->Arg(1000);
BENCHMARK_CAPTURE(CallThroughPolicies, min_conn, "min_conn", "proxy")->Arg(3)->Arg(30)->Arg(1000);
BENCHMARK_CAPTURE(CallThroughPolicies, limit_per_tenant, "random_weight", "metadata:x-tenant")->Arg(30);

}  // namespace
}  // namespace myelin::bench

int main(int argc, char** argv) {
  bool check = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--check") != 0) continue;
    check = true;
    for (int j = i; j < argc; ++j) argv[j] = argv[j + 1];
    --argc;
    break;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  if (!check || myelin::bench::WithinLimits()) return 0;
  std::fputs("policy_bench: above 200 ns, or allocations, or a call without a stream\n", stderr);
  return 1;
}
