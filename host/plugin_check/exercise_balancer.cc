// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <deque>

#include "plugin_check/crew.h"
#include "plugin_check/exercise.h"
#include "plugin_check/instance.h"
#include "plugin_check/synthetic_input.h"
#include "plugin_check/verdicts.h"

namespace myelin {
namespace {

using BalancerInstance = Instance<myelin_balancer>;

constexpr std::array<uint32_t, 4> kSizes{1, 3, 30, 1000};
constexpr int kPicksPerWorker = 20'000;
constexpr int kUpdatesBeside = 20;
constexpr size_t kInFlight = 32;  // calls of a worker that are under way at once
constexpr int kPlottedPicks = 200'000;

// A snapshot that the balancer knows about, from `update` to `release`.
class Published {
 public:
  Published(const Exercise& exercise, BalancerInstance& balancer, const std::vector<uint32_t>& weights,
            uint64_t& version)
      : balancer_(balancer), endpoints_(weights, ++version) {
    ErrorText error;
    void* prepared = nullptr;
    const int32_t code = balancer_.table().update(balancer_.get(), &endpoints_.snapshot(), &prepared, error.abi());
    accepted_ = code == MYELIN_OK;
    if (!accepted_) {
      exercise.report.Error("update fails with " + error.Text(code) + " for " + std::to_string(weights.size()) +
                            " endpoints");
    }
    endpoints_.snapshot().prepared = prepared;
  }
  ~Published() {
    void* prepared = endpoints_.snapshot().prepared;
    if (accepted_ && prepared != nullptr) balancer_.table().release(balancer_.get(), prepared);
  }
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

  bool accepted() const { return accepted_; }
  SyntheticEndpoints& endpoints() { return endpoints_; }

 private:
  BalancerInstance& balancer_;
  SyntheticEndpoints endpoints_;
  bool accepted_ = false;
};

// One worker's calls: picks, keeps some under way, and reports those that end.
class Caller {
 public:
  Caller(BalancerInstance& balancer, SyntheticEndpoints& endpoints, uint32_t worker, Faults& faults)
      : balancer_(balancer),
        endpoints_(endpoints),
        shard_(balancer.shard(worker)),
        faults_(faults),
        calls_(balancer.host().keys().size(), worker + 1),
        random_(worker + 100),
        picks_(endpoints.snapshot().endpoint_count) {}
  ~Caller() {
    while (!under_way_.empty()) EndOne();
  }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  void CallOnce() {
    auto out = Answer<myelin_pick>();
    const uint32_t verdict = balancer_.table().pick(shard_, &endpoints_.snapshot(), &calls_.Next(), &out);
    const std::string fault = FaultOfPick(verdict, out, endpoints_.snapshot());
    faults_.Add("pick", fault);
    if (fault.empty() && verdict == MYELIN_PICK) {
      ++picks_[out.index];
      __atomic_fetch_add(&endpoints_.cell(out.index).in_flight, 1, __ATOMIC_RELAXED);
      __atomic_fetch_add(&endpoints_.cell(out.index).picked_total, 1, __ATOMIC_RELAXED);
      under_way_.push_back({out.index, out.token});
    }
    // A balancer may answer QUEUE until calls end.
    if (under_way_.size() >= kInFlight || (verdict != MYELIN_PICK && !under_way_.empty())) EndOne();
  }

  const std::vector<uint64_t>& picks() const { return picks_; }

 private:
  struct UnderWay {
    uint32_t index;
    uint64_t token;
  };

  // Any of them: how long a call takes has nothing to do with its place in the line.
  void EndOne() {
    std::swap(under_way_[random_.Next() % under_way_.size()], under_way_.front());
    const UnderWay call = under_way_.front();
    under_way_.pop_front();
    __atomic_fetch_sub(&endpoints_.cell(call.index).in_flight, 1, __ATOMIC_RELAXED);
    const auto result = SyntheticResult(endpoints_.endpoint(call.index).id, call.token, random_);
    balancer_.table().done(shard_, &result.known, 1, sizeof(result));
  }

  BalancerInstance& balancer_;
  SyntheticEndpoints& endpoints_;
  void* shard_;
  Faults& faults_;
  SyntheticCalls calls_;
  Random random_;
  std::vector<uint64_t> picks_;
  std::deque<UnderWay> under_way_;
};

std::vector<uint32_t> MixedWeights(uint32_t count) {
  std::vector<uint32_t> weights(count);
  for (uint32_t i = 0; i < count; ++i) weights[i] = 1 + i % 10;
  return weights;
}

void PickFromAllWorkers(const Exercise& exercise, BalancerInstance& balancer, Published& published, uint64_t& version,
                        Faults& faults) {
  const uint32_t count = published.endpoints().snapshot().endpoint_count;
  exercise.report.Stage("pick among " + std::to_string(count) + " endpoints on " + std::to_string(kWorkers) +
                        " workers, with updates beside");
  const auto work = [&](uint32_t worker) {
    Caller caller(balancer, published.endpoints(), worker, faults);
    for (int i = 0; i < kPicksPerWorker; ++i) caller.CallOnce();
  };
  const auto beside = [&] {
    for (int i = 0; i < kUpdatesBeside; ++i) {
      const Published newer(exercise, balancer, MixedWeights(count + static_cast<uint32_t>(i) % 3), version);
      balancer.host().FireTimers();
    }
  };
  RunWorkers(work, beside);
}

void MeasurePick(const Exercise& exercise, BalancerInstance& balancer, Published& published, Faults& faults) {
  myelin_snapshot& snapshot = published.endpoints().snapshot();
  exercise.report.Stage("pick among " + std::to_string(snapshot.endpoint_count) + " endpoints");
  SyntheticCalls calls(balancer.host().keys().size(), 1);
  Random random(1);
  myelin_pick out{};
  MeasureHook(exercise, "pick", snapshot.endpoint_count, faults, [&] {
    out = Answer<myelin_pick>();
    balancer.table().pick(balancer.shard(0), &snapshot, &calls.Next(), &out);
  });
  if (!exercise.policy.has_done) return;
  exercise.report.Stage("done");
  const auto result = SyntheticResult(published.endpoints().endpoint(0).id, out.token, random);
  MeasureHook(exercise, "done", snapshot.endpoint_count, faults,
              [&] { balancer.table().done(balancer.shard(0), &result.known, 1, sizeof(result)); });
}

void PlotShares(const Exercise& exercise, BalancerInstance& balancer, uint64_t& version, Faults& faults) {
  const std::vector<uint32_t> weights{10, 5, 1, 0};
  exercise.report.Stage("pick by weight");
  Published published(exercise, balancer, weights, version);
  if (!published.accepted()) return;
  Caller caller(balancer, published.endpoints(), 0, faults);
  for (int i = 0; i < kPlottedPicks; ++i) caller.CallOnce();
  uint64_t picked = 0;
  for (uint32_t i = 0; i < weights.size(); ++i) {
    const myelin_string& address = published.endpoints().endpoint(i).address;
    exercise.report.Picked({std::string(address.data, address.size), weights[i], caller.picks()[i]});
    picked += caller.picks()[i];
  }
  if (picked == 0) exercise.report.Warning("pick never picked an endpoint");
  if (caller.picks().back() > 0) {
    exercise.report.Warning("pick gave " + std::to_string(caller.picks().back()) + " of " + std::to_string(picked) +
                            " calls to an endpoint of weight 0 while others had a weight");
  }
}

}  // namespace

void ExerciseBalancer(const Exercise& exercise) {
  BalancerInstance balancer(exercise, exercise.policy.balancer());
  if (!balancer.ready()) return;
  uint64_t version = 0;
  Faults faults;
  for (const uint32_t size : kSizes) {
    exercise.report.Stage("update with " + std::to_string(size) + " endpoints");
    Published published(exercise, balancer, MixedWeights(size), version);
    if (!published.accepted()) continue;
    PickFromAllWorkers(exercise, balancer, published, version, faults);
    MeasurePick(exercise, balancer, published, faults);
  }
  PlotShares(exercise, balancer, version, faults);
  faults.Report(exercise.report);
  ExerciseState(exercise, balancer);
  exercise.report.Stage("destroy");
}

}  // namespace myelin
