// SPDX-License-Identifier: Apache-2.0
#include "config/read_config.h"

#include <optional>
#include <utility>

#include "config/legacy.h"
#include "config/native.h"
#include "config/writer.h"
#include "config/yaml.h"

namespace myelin {
namespace {

// The files by what they turned out to be.
struct Files {
  std::optional<Node> native;
  std::optional<Node> legacy_proxies;
  std::optional<Node> legacy_host;
};

void Keep(std::optional<Node>& place, Node root, const char* what, Diagnostics& diagnostics) {
  if (place) {
    diagnostics.Error(Origin{root.origin.source, 0, 0},
                      std::string("is a second ") + what + ", after " + place->origin.source + "; accepted: one");
    return;
  }
  place = std::move(root);
}

Files ReadFiles(const std::vector<std::string>& paths, Diagnostics& diagnostics) {
  Files files;
  for (const std::string& path : paths) {
    std::optional<Node> root = ReadYamlFile(path, diagnostics);
    if (!root) continue;
    if (IsLegacyProxies(*root)) {
      Keep(files.legacy_proxies, std::move(*root), "legacy ProxyConfig.yaml", diagnostics);
    } else if (IsLegacyHost(*root)) {
      Keep(files.legacy_host, std::move(*root), "legacy Config.yaml", diagnostics);
    } else {
      Keep(files.native, std::move(*root), "configuration", diagnostics);
    }
  }
  return files;
}

void CheckFilesFit(const Files& files, Diagnostics& diagnostics) {
  const std::optional<Node>& legacy = files.legacy_proxies ? files.legacy_proxies : files.legacy_host;
  if (files.native && legacy) {
    diagnostics.Error(Origin{legacy->origin.source, 0, 0},
                      "is a legacy file beside the native " + files.native->origin.source + "; accepted: one kind");
  } else if (files.legacy_host && !files.legacy_proxies) {
    diagnostics.Error(Origin{files.legacy_host->origin.source, 0, 0},
                      "names no proxies; accepted: the legacy ProxyConfig.yaml beside it, with a second --config");
  }
}

}  // namespace

LoadedConfig ReadConfig(const ConfigInput& input, Diagnostics& diagnostics) {
  LoadedConfig loaded;
  if (input.files.empty() && input.overrides.empty()) {
    diagnostics.Error(Origin{"command line", 0, 0},
                      "there is nothing to serve; accepted: --config FILE, or --listen and --endpoint");
    return loaded;
  }
  Files files = ReadFiles(input.files, diagnostics);
  CheckFilesFit(files, diagnostics);
  const bool any = files.native || files.legacy_proxies;
  if (!input.files.empty() && !any) return loaded;
  loaded.legacy = !files.native && files.legacy_proxies.has_value();
  if (loaded.legacy) {
    LegacyResult result =
        MapLegacy(*files.legacy_proxies, files.legacy_host ? &*files.legacy_host : nullptr, diagnostics);
    loaded.native = std::move(result.native);
    loaded.revived_keys = std::move(result.revived_keys);
  } else {
    loaded.native = files.native ? std::move(*files.native) : Node::Map(Origin{"command line", 0, 0});
  }
  if (loaded.native.IsMap()) ApplyOverrides(input.overrides, !input.files.empty(), loaded.native, diagnostics);
  loaded.config = ReadNative(loaded.native, diagnostics, loaded.effective);
  return loaded;
}

std::string DumpYaml(const LoadedConfig& loaded) { return WriteYaml(loaded.effective, OriginComments::kYes); }

std::string DumpJson(const LoadedConfig& loaded) { return WriteJsonWithOrigins(loaded.effective); }

std::string ConvertToNative(const LoadedConfig& loaded) { return WriteYaml(loaded.native); }

std::string ConvertToNativeJson(const LoadedConfig& loaded) { return WriteJson(loaded.native); }

}  // namespace myelin
