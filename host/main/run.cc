// SPDX-License-Identifier: Apache-2.0
//
// `myelin run`: wires everything together, serves, and drains on SIGTERM or SIGINT. Signals are waited for on the main
// thread, so no code of ours runs in a signal handler.
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <optional>

#include "admin/server.h"
#include "base/clock.h"
#include "base/control_thread.h"
#include "base/log.h"
#include "main/commands.h"
#include "policy/metric_cells.h"
#include "proxy/generation.h"

namespace myelin {
namespace {

LogOptions LogOptionsOf(const LogConfig& config) {
  LogOptions options;
  options.level = ParseLogLevel(config.level).value_or(LogLevel::kInfo);
  options.format = ParseLogFormat(config.format).value_or(LogFormat::kText);
  options.file.path = config.file;
  options.file.rotate = config.rotate;
  options.file.keep = config.keep;
  options.file.max_size = config.max_size;
  return options;
}

/// The signals the host acts on, as a file to poll. Blocks them in every thread started afterwards.
class Signals {
 public:
  Signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int signal : {SIGTERM, SIGINT}) sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    fd_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    ::signal(SIGPIPE, SIG_IGN);
  }
  ~Signals() { ::close(fd_); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Waits for a signal at most `timeout_ms` (-1: for ever). 0 when none came.
  int Wait(int timeout_ms) {
    pollfd wanted{fd_, POLLIN, 0};
    signalfd_siginfo info{};
    if (::poll(&wanted, 1, timeout_ms) <= 0 || ::read(fd_, &info, sizeof(info)) != sizeof(info)) return 0;
    return static_cast<int>(info.ssi_signo);
  }

 private:
  int fd_ = -1;
};

class Server {
 public:
  Server(const Config& config, Logger& log) : config_(config), log_(log), catalog_(PluginDirs(config.plugin_dirs)) {}

  int Serve(Signals& signals) {
    Diagnostics diagnostics;
    generation_ = Generation::Build(config_, {catalog_, control_, metrics_, log_}, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.all()) Report(diagnostic);
    if (!generation_) throw StartupError(diagnostics.all());
    generation_->Start();
    Announce();
    StartAdmin();
    while (signals.Wait(100) == 0 && !drain_asked_) {
    }
    Drain(signals);
    admin_.reset();
    generation_.reset();
    log_.Info("main", "stopped");
    return 0;
  }

 private:
  void Report(const Diagnostic& diagnostic) {
    if (diagnostic.severity == Diagnostic::Severity::kWarning) log_.Warning("config", diagnostic.ToString());
  }

  void Announce() {
    for (const auto& proxy : generation_->proxies()) {
      for (const std::string& address : proxy->addresses()) {
        log_.Info("main", "proxy \"" + proxy->name() + "\" listens on " + address);
      }
    }
  }

  void StartAdmin() {
    if (config_.admin_listen.empty()) return;
    AdminHooks hooks;
    hooks.stats = [this] {
      HostStats stats = generation_->Stats();
      stats.version = MYELIN_VERSION;
      return stats;
    };
    hooks.drain = [this](std::string_view) {
      drain_asked_ = true;
      return CommandReply{true, "draining; calls in flight have " + FormatDuration(config_.drain_timeout)};
    };
    admin_ = std::make_unique<AdminServer>(config_.admin_listen, std::move(hooks), log_);
    log_.Info("main", "admin listens on " + admin_->address());
  }

  // A second signal cuts what is left.
  void Drain(Signals& signals) {
    log_.Info("main", "draining: " + std::to_string(generation_->in_flight()) + " calls in flight have " +
                          FormatDuration(config_.drain_timeout));
    const uint64_t deadline_ns = MonotonicNow() + static_cast<uint64_t>(config_.drain_timeout.count());
    auto drained = std::async(std::launch::async, [&] { generation_->Drain(deadline_ns); });
    while (drained.wait_for(std::chrono::milliseconds(0)) != std::future_status::ready) {
      if (signals.Wait(20) == 0) continue;
      log_.Warning("main", "a second signal: cutting " + std::to_string(generation_->in_flight()) + " calls");
      log_.Flush();
      std::_Exit(0);
    }
  }

  const Config& config_;
  Logger& log_;
  ControlThread control_;
  MetricCells metrics_;
  Catalog catalog_;
  std::unique_ptr<Generation> generation_;
  std::unique_ptr<AdminServer> admin_;
  std::atomic<bool> drain_asked_{false};
};

}  // namespace

int Run(const CommandLine& command) {
  Diagnostics diagnostics;
  const LoadedConfig loaded = ReadOrThrow(command, diagnostics);
  Signals signals;  // before any thread
  Logger log(LogOptionsOf(loaded.config.log));
  for (const Diagnostic& diagnostic : diagnostics.all()) log.Warning("config", diagnostic.ToString());
  return Server(loaded.config, log).Serve(signals);
}

}  // namespace myelin
