// SPDX-License-Identifier: Apache-2.0
//
// What one pick costs: linked in (hook_linked.cc), through the table of its .so, and as the host asks it, with its
// guard and its check of the answer. The same endpoints and calls for all. One thread.
#include <benchmark/benchmark.h>

#include <stdexcept>
#include <string>

#include "base/control_thread.h"
#include "base/log.h"
#include "hook_world.h"
#include "plugin/catalog.h"
#include "policy/metadata_keys.h"
#include "policy/metric_cells.h"
#include "policy/shard.h"

namespace myelin::bench {
namespace {

LogOptions Silent() {
  LogOptions options;
  options.level = LogLevel::kOff;
  return options;
}

/// A balancer from its .so, shown the endpoints of a world.
class LoadedBalancer {
 public:
  LoadedBalancer(const std::string& name, HookWorld& world) {
    control_.Run([&] {
      Diagnostics diagnostics;
      CheckedOptions options;
      const PolicyHandle* handle = catalog_.Find(PolicyKind::kBalancer, name, Origin{"bench"}, diagnostics);
      if (handle != nullptr && CheckOptions(handle->options, Node::Map(), diagnostics, options)) {
        const PolicyEnvironment environment{"bench", 1, &keys_, &control_, &metrics_, &log_};
        balancer_ = Balancer::Create(*handle, options, environment, Origin{"bench"}, diagnostics);
      }
      if (!balancer_) throw std::runtime_error(diagnostics.all().front().ToString());
      void* prepared = nullptr;
      myelin_error error{};
      balancer_->functions().update(balancer_->instance(), &world.snapshot(), &prepared, &error);
      world.snapshot().prepared = prepared;
      shard_.emplace(*balancer_, 0);
    });
  }

  BalancerShard& shard() { return *shard_; }
  const myelin_balancer& functions() const { return balancer_->functions(); }
  void* instance() const { return balancer_->instance(); }

 private:
  Logger log_{Silent()};
  ControlThread control_;
  MetricCells metrics_;
  MetadataKeys keys_;
  Catalog catalog_{{MYELIN_PLUGIN_DIR}};
  std::unique_ptr<Balancer> balancer_;
  std::optional<BalancerShard> shard_;
};

// A shard of these two is the instance itself.
void Table(benchmark::State& state, const char* name) {
  HookWorld world(static_cast<uint32_t>(state.range(0)));
  LoadedBalancer balancer(name, world);
  for (auto _ : state) {
    myelin_pick answer{};
    answer.struct_size = sizeof(answer);
    balancer.functions().pick(balancer.instance(), &world.snapshot(), &world.Next(), &answer);
    benchmark::DoNotOptimize(answer);
  }
}

void Guarded(benchmark::State& state, const char* name) {
  HookWorld world(static_cast<uint32_t>(state.range(0)));
  LoadedBalancer balancer(name, world);
  for (auto _ : state) {
    myelin_pick answer{};
    answer.struct_size = sizeof(answer);
    balancer.shard().Pick(world.snapshot(), world.Next(), answer);
    benchmark::DoNotOptimize(answer);
  }
}

BENCHMARK_CAPTURE(Table, random_weight, "random_weight")->Name("random_weight/table")->Arg(30);
BENCHMARK_CAPTURE(Guarded, random_weight, "random_weight")->Name("random_weight/guarded")->Arg(30);
BENCHMARK_CAPTURE(Table, min_conn, "min_conn")->Name("min_conn/table")->Arg(30);
BENCHMARK_CAPTURE(Guarded, min_conn, "min_conn")->Name("min_conn/guarded")->Arg(30);

}  // namespace
}  // namespace myelin::bench

BENCHMARK_MAIN();
