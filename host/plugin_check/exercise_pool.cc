// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "plugin_check/crew.h"
#include "plugin_check/exercise.h"
#include "plugin_check/instance.h"
#include "plugin_check/synthetic_input.h"
#include "plugin_check/verdicts.h"

namespace myelin {
namespace {

using PoolInstance = Instance<myelin_pool>;

constexpr std::array<uint32_t, 5> kSizes{0, 1, 3, 30, 1000};
constexpr int kViewsPerWorker = 100;
constexpr int kAcquiresPerView = 50;
constexpr uint32_t kTickCapacity = 16;

// Room for a tick's commands, as the host lays it out.
class TickRoom {
 public:
  TickRoom() : commands_(kTickCapacity) {}

  myelin_tick& Fresh() {
    tick_ = {sizeof(tick_), kTickCapacity, 0, sizeof(commands_[0]), &commands_[0].known};
    return tick_;
  }

 private:
  std::vector<Grown<myelin_tick_command>> commands_;
  myelin_tick tick_{};
};

void AcquireOnWorker(PoolInstance& pool, SyntheticEndpoints& endpoints, uint32_t size, uint32_t worker,
                     Faults& faults) {
  SyntheticCalls calls(pool.host().keys().size(), worker + 1);
  Random random(worker + 1);
  TickRoom room;
  void* shard = pool.shard(worker);
  for (int i = 0; i < kViewsPerWorker; ++i) {
    const SyntheticConnections connections(size, endpoints.endpoint(0), worker, kWorkers, random);
    myelin_tick& tick = room.Fresh();
    pool.table().tick(shard, &connections.view(), &tick);
    faults.Add("tick", FaultOfTick(tick, connections.view()));
    for (int call = 0; call < kAcquiresPerView; ++call) {
      auto out = Answer<myelin_acquire>();
      const uint32_t verdict = pool.table().acquire(shard, &connections.view(), &calls.Next(), &out);
      faults.Add("acquire", FaultOfAcquire(verdict, out, connections.view()));
    }
  }
}

void MeasureHooks(const Exercise& exercise, PoolInstance& pool, SyntheticEndpoints& endpoints, uint32_t size,
                  Faults& faults) {
  Random random(1);
  SyntheticCalls calls(pool.host().keys().size(), 1);
  const SyntheticConnections connections(size, endpoints.endpoint(0), 0, kWorkers, random);
  MeasureHook(exercise, "acquire", size, faults, [&] {
    auto out = Answer<myelin_acquire>();
    pool.table().acquire(pool.shard(0), &connections.view(), &calls.Next(), &out);
  });
  if (!exercise.policy.has_tick) return;
  TickRoom room;
  MeasureHook(exercise, "tick", size, faults,
              [&] { pool.table().tick(pool.shard(0), &connections.view(), &room.Fresh()); });
}

}  // namespace

void ExercisePool(const Exercise& exercise) {
  PoolInstance pool(exercise, exercise.policy.pool());
  if (!pool.ready()) return;
  exercise.report.Stage("max_workers");
  pool.table().max_workers(pool.get());
  SyntheticEndpoints endpoints({1}, 1);
  Faults faults;
  for (const uint32_t size : kSizes) {
    exercise.report.Stage("acquire and tick with " + std::to_string(size) + " connections");
    RunWorkers([&](uint32_t worker) { AcquireOnWorker(pool, endpoints, size, worker, faults); },
               [&] { pool.host().FireTimers(); });
    MeasureHooks(exercise, pool, endpoints, size, faults);
  }
  faults.Report(exercise.report);
  ExerciseState(exercise, pool);
  exercise.report.Stage("destroy");
}

}  // namespace myelin
