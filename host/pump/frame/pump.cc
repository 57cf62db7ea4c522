// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/pump.h"

#include <algorithm>
#include <vector>

#include "pump/frame/listener.h"
#include "pump/frame/worker.h"

namespace myelin::frame {
namespace {

class FramePump final : public Pump {
 public:
  FramePump(uint32_t workers, uint32_t first_index, ControlThread& control, Logger& log, const HostLimits& limits) {
    for (uint32_t i = 0; i < workers; ++i) {
      workers_.push_back(std::make_unique<FrameWorker>(first_index + i, control, log, limits));
    }
  }

  std::unique_ptr<Listener> Listen(const ListenOptions& options) override {
    const size_t count =
        options.max_workers == 0 ? workers_.size() : std::min<size_t>(workers_.size(), options.max_workers);
    std::vector<FrameWorker*> serving;
    for (size_t i = 0; i < count; ++i) serving.push_back(workers_[i].get());
    return std::make_unique<FrameListener>(
        options, std::move(serving), [this] { Start(); }, [this] { Stop(); });
  }

  void AddStats(HostStats& stats) const override {
    for (const auto& worker : workers_) worker->AddStats(stats);
  }

 private:
  // The threads run while any listener is started.
  void Start() {
    if (listeners_++ > 0) return;
    for (const auto& worker : workers_) worker->Start();
  }
  void Stop() {
    if (--listeners_ > 0) return;
    for (const auto& worker : workers_) worker->Stop();
  }

  std::vector<std::unique_ptr<FrameWorker>> workers_;
  uint32_t listeners_ = 0;
};

}  // namespace

std::unique_ptr<Pump> MakePump(uint32_t workers, uint32_t first_index, ControlThread& control, Logger& log,
                               const HostLimits& limits) {
  return std::make_unique<FramePump>(workers, first_index, control, log, limits);
}

}  // namespace myelin::frame
