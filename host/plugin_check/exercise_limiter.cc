// SPDX-License-Identifier: Apache-2.0
#include "plugin_check/crew.h"
#include "plugin_check/exercise.h"
#include "plugin_check/instance.h"
#include "plugin_check/synthetic_input.h"
#include "plugin_check/verdicts.h"

namespace myelin {
namespace {

using LimiterInstance = Instance<myelin_limiter>;

constexpr int kCallsPerWorker = 20'000;

void AdmitOnWorker(LimiterInstance& limiter, uint32_t worker, Faults& faults) {
  SyntheticCalls calls(limiter.host().keys().size(), worker + 1);
  Random random(worker + 1);
  void* shard = limiter.shard(worker);
  for (int i = 0; i < kCallsPerWorker; ++i) {
    auto out = Answer<myelin_admit>();
    const uint32_t verdict = limiter.table().admit(shard, &calls.Next(), &out);
    faults.Add("admit", FaultOfAdmit(verdict, out));
    if (verdict != MYELIN_ADMIT && verdict != MYELIN_ADMIT_DELAY) continue;
    const auto result = SyntheticResult(0, out.token, random);
    limiter.table().done(shard, &result.known, 1, sizeof(result));
  }
}

// Each call measured is ended at once, so that a limiter of calls under way does not fill up.
void MeasureAdmit(const Exercise& exercise, LimiterInstance& limiter, Faults& faults) {
  SyntheticCalls calls(limiter.host().keys().size(), 1);
  Random random(1);
  auto result = SyntheticResult(0, 0, random);
  const bool ends = exercise.policy.has_done;
  MeasureHook(exercise, ends ? "admit + done" : "admit", 1, faults, [&] {
    auto out = Answer<myelin_admit>();
    const uint32_t verdict = limiter.table().admit(limiter.shard(0), &calls.Next(), &out);
    if (!ends || (verdict != MYELIN_ADMIT && verdict != MYELIN_ADMIT_DELAY)) return;
    result.known.token = out.token;
    limiter.table().done(limiter.shard(0), &result.known, 1, sizeof(result));
  });
}

}  // namespace

void ExerciseLimiter(const Exercise& exercise) {
  LimiterInstance limiter(exercise, exercise.policy.limiter());
  if (!limiter.ready()) return;
  exercise.report.Stage("admit on " + std::to_string(kWorkers) + " workers");
  Faults faults;
  RunWorkers([&](uint32_t worker) { AdmitOnWorker(limiter, worker, faults); }, [&] { limiter.host().FireTimers(); });
  exercise.report.Stage("admit");
  MeasureAdmit(exercise, limiter, faults);
  faults.Report(exercise.report);
  ExerciseState(exercise, limiter);
  exercise.report.Stage("destroy");
}

}  // namespace myelin
