// SPDX-License-Identifier: Apache-2.0
//
// From files and flags to a Config: what main calls to run, check, dump, convert and reload. Never throws for
// what a user did; the caller looks at the Diagnostics. [control]
#pragma once

#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "config/config.h"
#include "config/overrides.h"

namespace myelin {

/// What a configuration is made from. Relative paths, also those inside of a file, count from the working directory.
struct ConfigInput {
  std::vector<std::string> files;  // one native file, or the legacy ProxyConfig.yaml and Config.yaml in any order
  std::vector<Override> overrides;
};

struct LoadedConfig {
  Config config;
  Node native;     // native schema as written or mapped, overrides applied, no defaults
  Node effective;  // the same in long form with defaults filled in, each value with its origin
  bool legacy = false;
  std::vector<std::string> revived_keys;  // legacy keys that had no effect in the original and have one here
};

/// Reads everything and reports everything. The result is to be used only when `diagnostics` has no errors.
LoadedConfig ReadConfig(const ConfigInput& input, Diagnostics& diagnostics);

/// `myelin dump`: the effective configuration as YAML, `# origin` behind each value. ReadConfig reads it back.
std::string DumpYaml(const LoadedConfig& loaded);

/// `myelin dump --output json`: `{"config": …, "origins": {path: origin}}`.
std::string DumpJson(const LoadedConfig& loaded);

/// `myelin convert`: the native form of what was read, without defaults.
std::string ConvertToNative(const LoadedConfig& loaded);

/// `myelin convert --output json`.
std::string ConvertToNativeJson(const LoadedConfig& loaded);

}  // namespace myelin
