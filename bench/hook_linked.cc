// SPDX-License-Identifier: Apache-2.0
//
// The balancers' algorithms linked in and called directly: what hook_bench.cc compares with.
#include <benchmark/benchmark.h>

#include "hook_world.h"
#include "min_conn/least_loaded.h"
#include "random_weight/alias_table.h"

namespace myelin::bench {
namespace {

void LinkedRandomWeight(benchmark::State& state) {
  HookWorld world(static_cast<uint32_t>(state.range(0)));
  const AliasTable table(CandidatesOf(sdk::SnapshotView(&world.snapshot())));
  for (auto _ : state) benchmark::DoNotOptimize(table.Pick(world.Next().random));
}

void LinkedMinConn(benchmark::State& state) {
  HookWorld world(static_cast<uint32_t>(state.range(0)));
  const LeastLoaded table(sdk::SnapshotView(&world.snapshot()), {});
  for (auto _ : state) {
    const myelin_call& call = world.Next();
    benchmark::DoNotOptimize(table.Pick(call.now_ns, call.random));
  }
}

BENCHMARK(LinkedRandomWeight)->Name("random_weight/linked")->Arg(30);
BENCHMARK(LinkedMinConn)->Name("min_conn/linked")->Arg(30);

}  // namespace
}  // namespace myelin::bench
