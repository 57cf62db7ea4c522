// SPDX-License-Identifier: Apache-2.0
//
// `myelin run`: wires everything together, serves, reloads on SIGHUP or when the file changes, and drains
// on SIGTERM or SIGINT. Signals are waited for on the main
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
#include "guard/crash_handler.h"
#include "guard/watchdog.h"
#include "main/changes.h"
#include "main/commands.h"
#include "main/watch.h"
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
    for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
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
  Server(const CommandLine& command, const Config& config, const std::string& crash_file, Logger& log)
      : command_(command),
        config_(config),
        log_(log),
        crashes_(crash_file, log),
        catalog_(PluginDirs(config.plugin_dirs)) {
    catalog_.SetMaxFiles(config.max_generations);
    InstallCrashHandler(crashes_.descriptor());
    control_.Run([] { GuardThisThread("the control thread", false); });
  }

  int Serve(Signals& signals) {
    Diagnostics diagnostics;
    generation_ = Generation::Build(config_, Environment(), diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.all()) Report(diagnostic);
    if (!generation_) throw StartupError(diagnostics.all());
    generation_->Start();
    Announce();
    changes_ = std::make_unique<Changes>(command_.config, config_, Environment(), *generation_);
    StartAdmin();
    if (command_.watch) watch_ = std::make_unique<Watch>(command_.config.files);
    ServeUntilDrain(signals);
    Drain(signals);
    admin_.reset();
    generation_.reset();
    log_.Info("main", "stopped");
    return 0;
  }

 private:
  GenerationEnvironment Environment() { return {catalog_, control_, metrics_, log_, nullptr, &crashes_}; }

  void ServeUntilDrain(Signals& signals) {
    constexpr int kLookMs = 100;
    bool wanted = false;
    while (!drain_asked_) {
      const int signal = signals.Wait(kLookMs);
      if (signal != 0 && signal != SIGHUP) return;
      wanted = wanted || signal == SIGHUP || (watch_ && watch_->Changed());
      const bool busy = reload_.valid() && reload_.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
      if (!wanted || busy) continue;
      wanted = false;
      reload_ = std::async(std::launch::async, [this] { changes_->Reload(); });  // a plugin may hang in it
    }
  }

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
      stats.stuck_workers = watchdog_.stuck_workers();
      stats.reloads = changes_->applied();
      stats.reloads_failed = changes_->refused();
      return stats;
    };
    hooks.drain = [this](std::string_view) {
      drain_asked_ = true;
      return CommandReply{true, "draining; calls in flight have " + FormatDuration(changes_->drain_timeout())};
    };
    hooks.reload = [this](std::string_view) { return changes_->Reload(); };
    hooks.rollback = [this](std::string_view) { return changes_->Rollback(); };
    hooks.swap = [this](std::string_view body) { return changes_->Swap(body); };
    admin_ = std::make_unique<AdminServer>(config_.admin_listen, std::move(hooks), log_);
    log_.Info("main", "admin listens on " + admin_->address());
  }

  // A second signal cuts what is left. So does the end of the drain when it does not end: a thread that is stuck in a
  // policy can neither finish nor be joined.
  void Drain(Signals& signals) {
    log_.Info("main", "draining: " + std::to_string(generation_->in_flight()) + " calls in flight have " +
                          FormatDuration(changes_->drain_timeout()));
    constexpr auto kGrace = std::chrono::seconds(3);
    constexpr uint64_t kGraceNs = std::chrono::nanoseconds(kGrace).count();
    const uint64_t deadline_ns = MonotonicNow() + static_cast<uint64_t>(changes_->drain_timeout().count());
    auto drained = std::async(std::launch::async, [&] { return generation_->Drain(deadline_ns); });
    while (drained.wait_for(std::chrono::milliseconds(0)) != std::future_status::ready) {
      if (MonotonicNow() > deadline_ns + kGraceNs) Leave("the drain does not end");
      const int signal = signals.Wait(20);
      if (signal == 0 || signal == SIGHUP) continue;
      Leave("a second signal");
    }
    if (watchdog_.stuck_workers() > 0) Leave("a worker is stuck");
    if (!drained.get()) Leave("calls of removed proxies are left");
    if (reload_.valid() && reload_.wait_for(kGrace) != std::future_status::ready) Leave("a reload does not end");
  }

  [[noreturn]] void Leave(const std::string& why) {
    log_.Warning("main", why + ": cutting " + std::to_string(generation_->in_flight()) + " calls");
    log_.Flush();
    std::_Exit(0);
  }

  const CommandLine& command_;
  const Config& config_;
  Logger& log_;
  CrashFile crashes_;
  ControlThread control_;
  Watchdog watchdog_{log_, crashes_.descriptor()};
  MetricCells metrics_;
  Catalog catalog_;
  std::unique_ptr<Generation> generation_;
  std::unique_ptr<Changes> changes_;
  std::unique_ptr<Watch> watch_;
  std::future<void> reload_;
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
  const std::string crash_file =
      loaded.config.crash_file.empty() ? CrashFile::DefaultPath(command.config.files) : loaded.config.crash_file;
  return Server(command, loaded.config, crash_file, log).Serve(signals);
}

}  // namespace myelin
