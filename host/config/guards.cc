// SPDX-License-Identifier: Apache-2.0
#include "config/guards.h"

#include <utility>

namespace myelin {
namespace {

constexpr uint32_t kMostStrikes = 1000;
constexpr DurationRange kWindow{std::chrono::milliseconds(1), std::chrono::hours(24)};
constexpr DurationRange kLimit{Duration::zero(), std::chrono::hours(1)};

void Read(MapReader& guards, GuardSettings& settings) {
  settings.strikes = guards.Whole("strikes", settings.strikes, 1, kMostStrikes);
  settings.window = guards.Time("window", settings.window, kWindow);
  settings.quarantine = guards.Flag("quarantine", settings.quarantine);
  settings.soft_limit = guards.Time("soft_limit", settings.soft_limit, kLimit);
  settings.hard_limit = guards.Time("hard_limit", settings.hard_limit, kLimit);
  settings.quarantine_on_crash = guards.Flag("quarantine_on_crash", settings.quarantine_on_crash);
}

void CheckLimits(const MapReader& guards, const GuardSettings& settings, Diagnostics& diagnostics) {
  if (settings.hard_limit == Duration::zero() || settings.soft_limit <= settings.hard_limit) return;
  diagnostics.Error(guards.origin(), guards.Path("soft_limit") + ": " + FormatDuration(settings.soft_limit) +
                                         " is longer than hard_limit " + FormatDuration(settings.hard_limit) +
                                         "; accepted: soft_limit up to hard_limit");
}

}  // namespace

GuardDefaults ReadFileGuards(MapReader& map, std::string& crash_file) {
  GuardDefaults file;
  MapReader guards(map.Find("guards"), map.Path("guards"), map.diagnostics());
  Read(guards, file.settings);
  CheckLimits(guards, file.settings, map.diagnostics());
  file.effective = guards.TakeEffective();
  crash_file = guards.Text("crash_file", "");
  guards.Finish();
  Node whole = file.effective;
  const Node rest = guards.TakeEffective();
  if (const Node* path = rest.Find("crash_file")) whole.Set("crash_file", *path);
  map.Note("guards", std::move(whole));
  return file;
}

GuardSettings ReadProxyGuards(MapReader& map, const GuardDefaults& file) {
  GuardSettings settings = file.settings;
  const Node* written = map.Find("guards");
  MapReader guards(written, map.Path("guards"), map.diagnostics());
  Read(guards, settings);
  guards.Finish();
  CheckLimits(guards, settings, map.diagnostics());
  Node effective = guards.TakeEffective();
  for (const Entry& entry : file.effective.entries) {
    if (written == nullptr || written->Find(entry.key) == nullptr) effective.Set(entry.key, entry.value);
  }
  map.Note("guards", std::move(effective));
  return settings;
}

}  // namespace myelin
