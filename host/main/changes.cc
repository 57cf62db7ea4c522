// SPDX-License-Identifier: Apache-2.0
#include "main/changes.h"

#include <algorithm>
#include <filesystem>
#include <tuple>
#include <utility>

#include "main/swap_request.h"
#include "proxy/on_control.h"

namespace myelin {
namespace {

constexpr Duration kPreflightLimit = std::chrono::seconds(10);

/// Adds an error for each key that has changed and cannot at run time.
void RefuseFixed(const Config& running, const Config& next, Diagnostics& diagnostics) {
  const Origin origin = next.proxies.empty() ? Origin{"configuration"} : Origin{next.proxies[0].origin.source};
  const auto refuse = [&](const std::string& key) {
    diagnostics.Error(origin, key + " cannot change while myelin runs; restart it, or put back what was there");
  };
  if (running.workers != next.workers) refuse("workers");
  if (running.admin_listen != next.admin_listen) refuse("admin.listen");
  const auto limits = [](const HostLimits& all) {
    return std::tie(all.stream_buffer, all.connection_buffer, all.worker_buffer, all.max_header_bytes,
                    all.max_header_fields, all.header_timeout);
  };
  if (limits(running.limits) != limits(next.limits)) refuse("limits");
  const LogConfig& was = running.log;
  const LogConfig& is = next.log;
  if (was.format != is.format) refuse("log.format");
  if (was.file != is.file) refuse("log.file");
  if (running.crash_file != next.crash_file) refuse("guards.crash_file");
  if (was.rotate != is.rotate || was.keep != is.keep || was.max_size != is.max_size) refuse("log.rotate and log.keep");
}

std::string Joined(const std::vector<std::string>& texts, const std::string& separator) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : separator) + text;
  return joined;
}

std::vector<std::string> Sentences(const Diagnostics& diagnostics, Diagnostic::Severity severity) {
  std::vector<std::string> sentences;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (diagnostic.severity == severity) sentences.push_back(diagnostic.ToString());
  }
  return sentences;
}

/// Calls `visit` for each policy of a proxy, those on trial too.
template <typename Visit>
void ForEachPolicy(ProxyConfig& proxy, const Visit& visit) {
  const auto both = [&](PolicyKind kind, PolicyConfig& policy) {
    visit(kind, policy);
    if (!policy.trial) return;
    TrialConfig trial = *policy.trial;
    visit(kind, trial.policy);
    policy.trial = std::make_shared<const TrialConfig>(std::move(trial));
  };
  both(PolicyKind::kBalancer, proxy.balancer);
  both(PolicyKind::kPool, proxy.pool);
  for (PolicyConfig& limiter : proxy.limiters) both(PolicyKind::kLimiter, limiter);
}

/// Where a policy is to be tried. A name that no file is called after is in a plugin with several policies; the catalog
/// says so or finds it.
std::optional<Preflight::Candidate> CandidateOf(PolicyKind kind, const PolicyConfig& policy,
                                                const std::vector<std::string>& dirs) {
  namespace fs = std::filesystem;
  Preflight::Candidate candidate{"", kind, "", policy.options};
  std::error_code ignored;
  if (policy.name.find('/') != std::string::npos) {
    const size_t colon = policy.name.rfind(".so:");
    candidate.file = colon == std::string::npos ? policy.name : policy.name.substr(0, colon + 3);
    if (colon != std::string::npos) candidate.policy = policy.name.substr(colon + 4);
  } else {
    candidate.policy = policy.name;
    for (const std::string& dir : dirs) {
      const std::string file = (fs::path(dir) / ("myelin_" + policy.name + ".so")).string();
      if (candidate.file.empty() && fs::exists(file, ignored)) candidate.file = file;
    }
  }
  if (!fs::exists(candidate.file, ignored)) return std::nullopt;
  return candidate;
}

}  // namespace

Changes::Changes(const ConfigInput& input, const Config& running, const GenerationEnvironment& environment,
                 Generation& generation)
    : input_(input),
      environment_(environment),
      generation_(generation),
      running_(running),
      drain_timeout_(running.drain_timeout.count()) {
  const std::vector<std::string> dirs = PluginDirs(running_.plugin_dirs);
  for (ProxyConfig& proxy : running_.proxies) {
    ForEachPolicy(proxy, [&](PolicyKind kind, const PolicyConfig& policy) {
      if (const auto candidate = CandidateOf(kind, policy, dirs)) preflight_.Assume(*candidate);
    });
  }
}

CommandReply Changes::Reload() {
  return OneAtATime("reload", [this] { return ReloadOnce(); });
}

CommandReply Changes::OneAtATime(const std::string& verb, const std::function<CommandReply()>& change) {
  std::lock_guard lock(mutex_);
  try {
    return change();
  } catch (const std::exception& error) {
    Diagnostics diagnostics;
    diagnostics.Error(Origin{verb}, error.what());
    return Refuse(diagnostics, verb);
  }
}

CommandReply Changes::ReloadOnce() {
  const std::string reopened = environment_.log.Reopen();
  if (!reopened.empty()) environment_.log.Warning("main", "the log file cannot be opened again: " + reopened);
  Diagnostics diagnostics;
  const LoadedConfig loaded = ReadConfig(input_, diagnostics);
  if (diagnostics.HasErrors()) return Refuse(diagnostics, "reload");
  return Apply(loaded.config, diagnostics, "reload");
}

CommandReply Changes::Rollback() {
  return OneAtATime("rollback", [this]() -> CommandReply {
    if (!has_previous_) return {false, "there is no previous configuration: nothing has changed since the start"};
    return Apply(previous_, {}, "rollback");
  });
}

CommandReply Changes::Apply(Config next, const Diagnostics& warnings, const std::string& verb) {
  Diagnostics diagnostics;
  RefuseFixed(running_, next, diagnostics);
  if (!diagnostics.HasErrors()) TryPlugins(next, diagnostics);
  if (diagnostics.HasErrors()) return Refuse(diagnostics, verb);
  std::vector<std::string> changes;
  const std::vector<ProxyConfig> before = PinnedProxies();
  SetDirs(next);
  if (!generation_.Reload(next, diagnostics, changes)) {
    SetDirs(running_);
    return Refuse(diagnostics, verb);
  }
  SetLog(next);
  if (next.log.level != running_.log.level) changes.push_back("log level " + next.log.level);
  if (next.drain_timeout != running_.drain_timeout) changes.push_back("drain_timeout");
  if (next.plugin_dirs != running_.plugin_dirs) changes.push_back("plugin_dirs");
  if (next.max_generations != running_.max_generations) changes.push_back("max_generations");
  drain_timeout_ = next.drain_timeout.count();
  if (!changes.empty()) {
    previous_ = std::exchange(running_, next);
    previous_.proxies = before;
    has_previous_ = true;
  }
  ++applied_;
  for (const Diagnostics* each : {&warnings, static_cast<const Diagnostics*>(&diagnostics)}) {
    for (const std::string& warning : Sentences(*each, Diagnostic::Severity::kWarning)) {
      environment_.log.Warning("config", warning);
    }
  }
  const std::string what = changes.empty() ? "nothing has changed" : Joined(changes, "; ");
  environment_.log.Info("main", verb + " applied: " + what);
  return {true, verb + " applied: " + what};
}

CommandReply Changes::Refuse(const Diagnostics& diagnostics, const std::string& verb) {
  ++refused_;
  const auto errors = Sentences(diagnostics, Diagnostic::Severity::kError);
  for (const std::string& error : errors) environment_.log.Error("config", error);
  environment_.log.Error("main", verb + " refused, nothing has changed");
  return {false, verb + " refused, nothing has changed:\n" + Joined(errors, "\n")};
}

CommandReply Changes::Swap(std::string_view body) {
  return OneAtATime("swap", [&] { return SwapOnce(body); });
}

CommandReply Changes::SwapOnce(std::string_view body) {
  Diagnostics diagnostics;
  PolicySwap swap = ParseSwap(body, diagnostics);
  if (!diagnostics.HasErrors()) TryPlugins(swap, diagnostics);
  std::vector<ProxyConfig> before = PinnedProxies();
  if (diagnostics.HasErrors() || !generation_.Swap(swap, diagnostics)) {
    for (const std::string& error : Sentences(diagnostics, Diagnostic::Severity::kError)) {
      environment_.log.Warning("main", "swap refused: " + error);
    }
    return {false, "swap refused, nothing has changed:\n" +
                       Joined(Sentences(diagnostics, Diagnostic::Severity::kError), "\n")};
  }
  previous_ = running_;
  previous_.proxies = std::move(before);
  has_previous_ = true;
  running_.proxies = PinnedProxies();
  environment_.log.Info("main", "swapped: " + Described(swap));
  return {true, Described(swap) +
                    " now; calls in flight finish on what admitted them. The next reload goes back to the "
                    "file"};
}

// Before this process loads them, since a constructor in a .so can do anything. What runs has passed, and what was at
// work before is loaded already.
void Changes::TryPlugins(PolicySwap& swap, Diagnostics& diagnostics) {
  const std::vector<std::string> dirs = PluginDirs(running_.plugin_dirs);
  if (swap.balancer) TryPlugin(PolicyKind::kBalancer, *swap.balancer, dirs, diagnostics);
  if (swap.pool) TryPlugin(PolicyKind::kPool, *swap.pool, dirs, diagnostics);
  for (PolicyConfig& limiter : swap.limiters) TryPlugin(PolicyKind::kLimiter, limiter, dirs, diagnostics);
}

void Changes::TryPlugins(Config& next, Diagnostics& diagnostics) {
  const std::vector<std::string> dirs = PluginDirs(next.plugin_dirs);
  for (ProxyConfig& proxy : next.proxies) {
    ForEachPolicy(proxy, [&](PolicyKind kind, PolicyConfig& policy) { TryPlugin(kind, policy, dirs, diagnostics); });
  }
}

void Changes::TryPlugin(PolicyKind kind, PolicyConfig& policy, const std::vector<std::string>& dirs,
                        Diagnostics& diagnostics) {
  const std::optional<Preflight::Candidate> candidate = CandidateOf(kind, policy, dirs);
  if (!policy.hash.empty() || !candidate) return;
  const std::string why = preflight_.Try(*candidate, kPreflightLimit, policy.hash);
  if (why.empty()) return;
  diagnostics.Error(policy.origin, policy.name + " failed when it was tried in a process of its own: " + why);
}

std::vector<ProxyConfig> Changes::PinnedProxies() {
  std::vector<ProxyConfig> proxies;
  OnControl(environment_.control, [&] { proxies = generation_.proxy_configs(); });
  return proxies;
}

void Changes::SetDirs(const Config& config) {
  OnControl(environment_.control, [&] {
    environment_.catalog.SetDirs(PluginDirs(config.plugin_dirs));
    environment_.catalog.SetMaxFiles(config.max_generations);
  });
}

void Changes::SetLog(const Config& next) {
  if (const auto level = ParseLogLevel(next.log.level)) environment_.log.SetLevel(*level);
}

}  // namespace myelin
