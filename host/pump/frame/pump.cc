// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/pump.h"

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "pump/frame/listener.h"
#include "pump/frame/worker.h"

namespace myelin::frame {
namespace {

class FramePump final : public Pump {
 public:
  FramePump(uint32_t workers, uint32_t first_spare, uint32_t spares, ControlThread& control, Logger& log,
            const HostLimits& limits, std::function<void(Worker& stuck)> stuck)
      : control_(control),
        log_(log),
        limits_(limits),
        stuck_(std::move(stuck)),
        spares_left_(spares),
        next_index_(first_spare) {
    for (uint32_t i = 0; i < workers; ++i) workers_.push_back(Make(i));
  }
  // One that is in a policy still cannot be joined, nor what it uses be freed.
  ~FramePump() override {
    for (std::unique_ptr<FrameWorker>& worker : workers_) {
      if (!worker->MayEnd()) static_cast<void>(worker.release());
    }
  }

  std::unique_ptr<Listener> Listen(const ListenOptions& options) override {
    std::vector<FrameWorker*> serving;
    for (const auto& worker : workers_) {
      const bool enough = options.max_workers != 0 && serving.size() == options.max_workers;
      if (!worker->cut_off() && !enough) serving.push_back(worker.get());
    }
    return std::make_unique<FrameListener>(
        options, std::move(serving), [this] { Start(); }, [this] { Stop(); });
  }

  Worker* MakeReplacement() override {
    std::unique_ptr<FrameWorker> fresh = Make(next_index_++);
    fresh->Start();
    std::lock_guard lock(mutex_);
    return workers_.emplace_back(std::move(fresh)).get();
  }

  void Retire(Worker& stuck) override { static_cast<FrameWorker&>(stuck).Retire(); }

  void AddStats(HostStats& stats) const override {
    std::lock_guard lock(mutex_);
    for (const auto& worker : workers_) worker->AddStats(stats);
  }

 private:
  std::unique_ptr<FrameWorker> Make(uint32_t index) {
    auto worker = std::make_unique<FrameWorker>(index, control_, log_, limits_);
    worker->OnCutOff([this, stuck = worker.get()] { return TakeSpare(*stuck); });
    return worker;
  }
  /// [watchdog] Whether another will take its place.
  bool TakeSpare(FrameWorker& stuck) {
    uint32_t left = spares_left_.load();
    while (left > 0 && !spares_left_.compare_exchange_weak(left, left - 1)) continue;
    if (left > 0) control_.Post([this, &stuck] { stuck_(stuck); });
    return left > 0;
  }

  // The threads run while any listener is started.
  void Start() {
    if (listeners_++ > 0) return;
    for (const auto& worker : workers_) worker->Start();
  }
  void Stop() {
    if (--listeners_ > 0) return;
    for (const auto& worker : workers_) {
      if (worker->MayEnd()) worker->Stop();
    }
  }

  ControlThread& control_;
  Logger& log_;
  const HostLimits limits_;
  const std::function<void(Worker& stuck)> stuck_;
  std::atomic<uint32_t> spares_left_;
  uint32_t next_index_;
  mutable std::mutex mutex_;  // of what follows, which the control thread adds to
  std::vector<std::unique_ptr<FrameWorker>> workers_;
  uint32_t listeners_ = 0;
};

}  // namespace

std::unique_ptr<Pump> MakePump(uint32_t workers, uint32_t first_spare, uint32_t spares, ControlThread& control,
                               Logger& log, const HostLimits& limits, std::function<void(Worker& stuck)> stuck) {
  return std::make_unique<FramePump>(workers, first_spare, spares, control, log, limits, std::move(stuck));
}

}  // namespace myelin::frame
