// SPDX-License-Identifier: Apache-2.0
//
// A listener of the frame pump: every worker that serves it has listening sockets of its own, so that the kernel shares
// out the connections. Used on the control thread; Drain on any.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pump/frame/entrance.h"
#include "pump/frame/worker.h"
#include "pump/pump.h"

namespace myelin::frame {

class FrameListener final : public Listener {
 public:
  /// `start` and `stop` begin and end the pump's threads, which all its listeners share.
  FrameListener(const ListenOptions& options, std::vector<FrameWorker*> workers, std::function<void()> start,
                std::function<void()> stop);
  ~FrameListener() override;

  const std::vector<std::string>& addresses() const override { return addresses_; }
  std::span<Worker* const> workers() override { return borrowed_; }
  std::vector<uint64_t> connections() const override;
  ConnectionTotals connection_totals() const override { return {counts_.accepted, counts_.refused}; }
  void Start(std::span<ProxyShard* const> entries) override;
  void Replace(Worker& stuck, Worker& fresh) override;
  void StartOn(Worker& fresh, ProxyShard& entry) override;
  void Drain(uint64_t deadline_ns) override;
  void Stop() override;

 private:
  void Bind(const std::string& address);
  void BindUnix(const std::string& address);
  int Open(const std::string& address, const std::string& bound_to);

  mutable std::mutex mutex_;  // of the workers and entrances: the control thread may replace one while others look
  std::vector<FrameWorker*> workers_;
  std::vector<Worker*> borrowed_;
  ConnectionCounts counts_;
  std::vector<std::unique_ptr<Entrance>> entrances_;  // by worker
  std::vector<std::unique_ptr<Entrance>> cut_off_;    // of workers that hang; freed only when those have come back
  const ProxyLimits limits_;
  std::vector<std::string> addresses_;
  std::vector<std::string> bound_;  // as addresses_, as it was written but for the port
  std::vector<int> shared_sockets_;
  std::vector<std::string> socket_paths_;
  std::function<void()> start_;
  std::function<void()> stop_;
  bool started_ = false;
};

}  // namespace myelin::frame
