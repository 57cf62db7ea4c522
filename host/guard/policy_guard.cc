// SPDX-License-Identifier: Apache-2.0
#include "guard/policy_guard.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/log_escape.h"

namespace myelin {
namespace {

// Rare hooks are all timed, as there are too few to choose from.
constexpr uint32_t kTimedEvery = 256;

std::string Describe(const PolicyIdentity& identity) {
  std::string text = identity.kind + " '" + identity.policy + "'";
  if (!identity.version.empty()) text += " " + identity.version;
  if (!identity.file.empty()) text += " (" + identity.file + ", " + identity.hash.substr(0, 8) + ")";
  return text;
}

std::string CrashEntry(const PolicyIdentity& identity) {
  std::string text = "{";
  const std::pair<const char*, const std::string*> fields[] = {
      {"proxy", &identity.proxy}, {"kind", &identity.kind},       {"policy", &identity.policy},
      {"file", &identity.file},   {"version", &identity.version}, {"hash", &identity.hash}};
  for (const auto& [key, value] : fields) {
    text += "\"" + std::string(key) + "\":";
    AppendJsonString(text, *value);
    text += ",";
  }
  return text + "\"generation\":" + std::to_string(identity.generation);
}

}  // namespace

std::mutex& HookSitesMutex() {
  static std::mutex mutex;
  return mutex;
}

PolicyGuard::PolicyGuard(PolicyIdentity identity, const GuardSettings& settings, Logger& log)
    : identity_(std::move(identity)),
      settings_(settings),
      log_(log),
      component_(identity_.proxy + "/" + identity_.policy),
      description_(Describe(identity_)),
      crash_entry_(CrashEntry(identity_)) {}

PolicyGuard::~PolicyGuard() {
  std::lock_guard lock(HookSitesMutex());
  sites_.clear();
}

HookSite& PolicyGuard::AddSite(Hook hook) {
  std::lock_guard lock(HookSitesMutex());
  const bool often = !OnControlThread(hook) && hook != Hook::kTick;
  return sites_.emplace_back(*this, hook, often ? kTimedEvery : 1);
}

// The 1st, 2nd, 4th, 8th … is logged, so a broken plugin cannot flood.
void PolicyGuard::Strike(std::string_view what) {
  const uint64_t count = strikes_.fetch_add(1, std::memory_order_relaxed) + 1;
  if ((count & (count - 1)) == 0) {
    log_.Warning(component_,
                 std::string(what) + "; the built-in fallback decides; " + std::to_string(count) + " so far");
  }
  if (!settings_.quarantine || settings_.strikes == 0 || quarantined() || !FillsTheMeasure(MonotonicNow())) return;
  Quarantine(std::to_string(settings_.strikes) + " invalid answers within " + FormatDuration(settings_.window) +
             ", the last: " + std::string(what));
}

bool PolicyGuard::FillsTheMeasure(uint64_t now_ns) {
  std::lock_guard lock(mutex_);
  recent_strikes_.push_back(now_ns);
  if (recent_strikes_.size() < settings_.strikes) return false;
  const uint64_t oldest = recent_strikes_.front();
  recent_strikes_.erase(recent_strikes_.begin());
  return now_ns - oldest <= static_cast<uint64_t>(settings_.window.count());
}

bool PolicyGuard::Quarantine(const std::string& why) {
  {
    std::lock_guard lock(mutex_);
    if (quarantined_.exchange(true, std::memory_order_relaxed)) return false;
    reason_ = why;
  }
  log_.Error(component_, description_ + " is quarantined: " + why +
                             "; the built-in fallback decides until it is swapped or the configuration reloaded");
  return true;
}

PolicyStats PolicyGuard::Stats() const {
  PolicyStats stats;
  stats.kind = identity_.kind;
  stats.name = identity_.policy;
  stats.strikes = strikes();
  stats.file = identity_.file;
  stats.version = identity_.version;
  stats.hash = identity_.hash;
  stats.generation = identity_.generation;
  stats.slow_hooks = slow_hooks_.load(std::memory_order_relaxed);
  {
    std::lock_guard lock(mutex_);
    stats.quarantined = quarantined();
    stats.quarantine_reason = reason_;
  }
  std::array<HookStats, kHookNames.size()> hooks;
  {
    std::lock_guard lock(HookSitesMutex());
    for (const HookSite& site : sites_) site.AddTo(hooks[static_cast<size_t>(site.hook())]);
  }
  for (size_t i = 0; i < hooks.size(); ++i) {
    if (hooks[i].calls == 0 && hooks[i].passed_over == 0) continue;
    hooks[i].hook = kHookNames[i];
    stats.hooks.push_back(std::move(hooks[i]));
  }
  return stats;
}

}  // namespace myelin
