// SPDX-License-Identifier: Apache-2.0
#include "pump/generic/pump.h"

#include <absl/synchronization/mutex.h>
#include <grpc/support/log.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/diagnostics.h"
#include "pump/bind_check.h"
#include "pump/generic/channel_options.h"
#include "pump/generic/timespec.h"
#include "pump/generic/worker.h"

namespace myelin::generic {
namespace {

std::string WithPort(const std::string& address, int port) {
  if (address.starts_with("unix:")) return address;
  const std::string host = address.substr(0, address.rfind(':'));
  return (host.empty() ? "0.0.0.0" : host) + ":" + std::to_string(port);
}

std::string Bindable(const std::string& address) { return address.starts_with(":") ? "[::]" + address : address; }

/// Which worker indexes are taken: listeners come and go, each with a block of them. Control thread.
class IndexBlocks {
 public:
  IndexBlocks(uint32_t first, uint32_t size, uint32_t count) : first_(first), size_(size), taken_(count) {}

  uint32_t Take() {
    const auto free = std::find(taken_.begin(), taken_.end(), false);
    if (free == taken_.end()) {
      throw StartupError(Origin{}, "the generic pump has no room for another listener while it runs; restart");
    }
    *free = true;
    return first_ + size_ * static_cast<uint32_t>(free - taken_.begin());
  }
  void GiveBack(uint32_t index) { taken_[(index - first_) / size_] = false; }

 private:
  const uint32_t first_;
  const uint32_t size_;
  std::vector<bool> taken_;
};

class GenericListener final : public Listener {
 public:
  GenericListener(const ListenOptions& options, uint32_t workers, IndexBlocks& indexes, ControlThread& control,
                  Logger& log);
  ~GenericListener() override {
    Stop();
    workers_.clear();
    indexes_.GiveBack(first_index_);
  }

  const std::vector<std::string>& addresses() const override { return addresses_; }
  std::span<Worker* const> workers() override { return borrowed_; }
  void Start(std::span<ProxyShard* const> entries) override;
  void Drain(uint64_t deadline_ns) override { server_->Shutdown(FromMonotonic(deadline_ns)); }
  void Stop() override;

 private:
  void Bind(const ListenOptions& options, uint32_t workers, ControlThread& control, Logger& log);

  IndexBlocks& indexes_;
  const uint32_t first_index_;
  grpc::AsyncGenericService service_;
  std::vector<std::unique_ptr<GenericWorker>> workers_;
  std::vector<Worker*> borrowed_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::string> addresses_;
};

GenericListener::GenericListener(const ListenOptions& options, uint32_t workers, IndexBlocks& indexes,
                                 ControlThread& control, Logger& log)
    : indexes_(indexes), first_index_(indexes.Take()) {
  try {
    Bind(options, workers, control, log);
  } catch (const StartupError&) {
    workers_.clear();
    indexes_.GiveBack(first_index_);
    throw;
  }
}

void GenericListener::Bind(const ListenOptions& options, uint32_t workers, ControlThread& control, Logger& log) {
  grpc::ServerBuilder builder;
  ApplyServerOptions(builder, options.limits.max_streams);
  builder.RegisterAsyncGenericService(&service_);
  std::vector<int> ports(options.addresses.size(), 0);
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::string why = WhyNotBindable(options.addresses[i]);
    if (!why.empty()) throw StartupError(Origin{}, "cannot listen on " + options.addresses[i] + ": " + why);
    builder.AddListeningPort(Bindable(options.addresses[i]), grpc::InsecureServerCredentials(), &ports[i]);
  }
  for (uint32_t i = 0; i < workers; ++i) {
    workers_.push_back(std::make_unique<GenericWorker>(first_index_ + i, control, log, builder.AddCompletionQueue()));
    borrowed_.push_back(workers_.back().get());
  }
  server_ = builder.BuildAndStart();
  for (size_t i = 0; i < ports.size(); ++i) {
    if (!server_ || ports[i] == 0) throw StartupError(Origin{}, "cannot listen on " + options.addresses[i]);
    addresses_.push_back(WithPort(options.addresses[i], ports[i]));
  }
}

void GenericListener::Start(std::span<ProxyShard* const> entries) {
  for (size_t i = 0; i < workers_.size(); ++i) workers_[i]->Start(service_, *entries[i]);
}

void GenericListener::Stop() {
  if (server_) server_->Shutdown(gpr_now(GPR_CLOCK_MONOTONIC));
  for (const auto& worker : workers_) worker->Stop();
  server_.reset();
}

class GenericPump final : public Pump {
 public:
  GenericPump(uint32_t workers, uint32_t first_index, uint32_t listeners, ControlThread& control, Logger& log)
      : workers_(workers), control_(control), log_(log), indexes_(first_index, workers, listeners) {}

  std::unique_ptr<Listener> Listen(const ListenOptions& options) override {
    const uint32_t workers = options.max_workers == 0 ? workers_ : std::min(workers_, options.max_workers);
    return std::make_unique<GenericListener>(options, workers, indexes_, control_, log_);
  }

 private:
  const uint32_t workers_;
  ControlThread& control_;
  Logger& log_;
  IndexBlocks indexes_;
};

}  // namespace

std::unique_ptr<Pump> MakePump(uint32_t workers, uint32_t first_index, uint32_t listeners, ControlThread& control,
                               Logger& log) {
  // Debian's absl looks for deadlock cycles at every lock that grpc takes; that is 3 % of a call.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // grpc's own lines would stand between ours without saying which call they are about.
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
  return std::make_unique<GenericPump>(workers, first_index, listeners, control, log);
}

}  // namespace myelin::generic
