// SPDX-License-Identifier: Apache-2.0
//
// What changes a myelin that runs: reload, rollback, swap. One at a time, whichever thread asks: signals, the admin
// listener and the watch of the file all come here. Owned by run.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "admin/hooks.h"
#include "main/commands.h"
#include "main/preflight.h"
#include "proxy/generation.h"

namespace myelin {

class Changes {
 public:
  /// `input` is what is read again; `running` what it led to. All are borrowed.
  Changes(const ConfigInput& input, const Config& running, const GenerationEnvironment& environment,
          Generation& generation);

  /// [any] Reads the configuration again and applies it. The sentence is for whoever asked, and in the log.
  CommandReply Reload();
  /// [any] Brings back what was at work before the latest reload or swap.
  CommandReply Rollback();
  /// [any] `body`: {"proxy": …, "balancer": "NAME[=options]", "pool": …, "limiters": […]}, and to try one of
  /// them beside the one that runs "shadow": true or "canary": "5%".
  CommandReply Swap(std::string_view body);

  uint64_t applied() const { return applied_; }
  uint64_t refused() const { return refused_; }
  Duration drain_timeout() const { return Duration(drain_timeout_.load()); }

 private:
  CommandReply Apply(Config next, const Diagnostics& warnings, const std::string& verb);
  CommandReply Refuse(const Diagnostics& diagnostics, const std::string& verb);
  CommandReply OneAtATime(const std::string& verb, const std::function<CommandReply()>& change);
  CommandReply ReloadOnce();
  CommandReply SwapOnce(std::string_view body);
  void TryPlugins(PolicySwap& swap, Diagnostics& diagnostics);
  void TryPlugins(Config& next, Diagnostics& diagnostics);
  void TryPlugin(PolicyKind kind, PolicyConfig& policy, const std::vector<std::string>& dirs, Diagnostics& diagnostics);
  std::vector<ProxyConfig> PinnedProxies();
  void SetDirs(const Config& config);
  void SetLog(const Config& next);

  const ConfigInput& input_;
  const GenerationEnvironment environment_;
  Generation& generation_;
  std::mutex mutex_;
  Config running_;
  Config previous_;
  bool has_previous_ = false;
  Preflight preflight_;
  std::atomic<uint64_t> applied_{0};
  std::atomic<uint64_t> refused_{0};
  std::atomic<int64_t> drain_timeout_;
};

}  // namespace myelin
