// SPDX-License-Identifier: Apache-2.0
#include "plugin/catalog.h"

#include <filesystem>
#include <set>
#include <utility>

#include "plugin/catalog_search.h"
#include "plugin/inspect.h"
#include "plugin/table_check.h"

namespace myelin {

namespace fs = std::filesystem;

Catalog::Catalog(std::vector<std::string> dirs) : dirs_(std::move(dirs)) {}
Catalog::~Catalog() = default;

std::vector<std::string> Catalog::BuiltInDirs(const std::string& binary) {
  std::error_code ignored;
  const fs::path self = binary.empty() ? fs::read_symlink("/proc/self/exe", ignored) : fs::path(binary);
  const fs::path prefix = self.parent_path() / "..";
  std::vector<std::string> dirs;
  for (const char* below :
       {"plugins", "lib/myelin/plugins", "lib64/myelin/plugins", "lib/" MYELIN_MULTIARCH "/myelin/plugins"}) {
    dirs.push_back((prefix / below).lexically_normal().string());
  }
  return dirs;
}

void Catalog::SetDirs(std::vector<std::string> dirs) { dirs_ = std::move(dirs); }

const Plugin* Catalog::Load(const std::string& path, std::string& why) {
  const Library* library = libraries_.Load(path, why);
  if (library == nullptr) return nullptr;
  const auto key = std::make_pair(path, library->hash());
  if (const auto found = plugins_.find(key); found != plugins_.end()) return found->second.get();
  auto plugin = InspectLibrary(*library, path, why);
  if (!plugin) return nullptr;
  return plugins_.emplace(key, std::move(plugin)).first->second.get();
}

std::vector<Catalog::Listing> Catalog::List() {
  std::vector<Listing> listings;
  for (const std::string& file : PluginFiles(dirs_)) {
    std::string why;
    const Plugin* plugin = Load(file, why);
    listings.push_back({file, plugin, plugin != nullptr ? "" : why});
  }
  return listings;
}

const PolicyHandle* Catalog::Find(PolicyKind kind, const std::string& name, const Origin& origin,
                                  Diagnostics& diagnostics, const std::string& hash) {
  if (const PolicyHandle* loaded = hash.empty() ? nullptr : FindLoaded(kind, name, hash)) return loaded;
  const bool is_path = name.find('/') != std::string::npos;
  const PolicyHandle* found =
      is_path ? FindInFile(kind, name, origin, diagnostics) : FindByName(kind, name, origin, diagnostics);
  if (found == nullptr || hash.empty() || found->hash == hash) return found;
  diagnostics.Error(origin, found->file + " has changed since it was looked at; try again");
  return nullptr;
}

const PolicyHandle* Catalog::FindLoaded(PolicyKind kind, const std::string& name, const std::string& hash) const {
  const bool is_path = name.find('/') != std::string::npos;
  const auto [path, policy] = is_path ? SplitPath(name) : std::make_pair(std::string(), name);
  for (const auto& [key, plugin] : plugins_) {
    if (key.second != hash || (is_path && key.first != path)) continue;
    for (const auto& candidate : plugin->policies) {
      if (candidate->kind == kind && (policy.empty() || candidate->name == policy)) return candidate.get();
    }
  }
  return nullptr;
}

const PolicyHandle* Catalog::FindInFile(PolicyKind kind, const std::string& path_and_policy, const Origin& origin,
                                        Diagnostics& diagnostics) {
  const auto [path, policy] = SplitPath(path_and_policy);
  std::string why;
  const Plugin* plugin = Load(path, why);
  if (plugin == nullptr) {
    diagnostics.Error(origin, why);
    return nullptr;
  }
  for (const std::string& warning : plugin->warnings) diagnostics.Warning(origin, warning);
  std::vector<const PolicyHandle*> fitting;
  for (const auto& candidate : plugin->policies) {
    if (candidate->kind == kind && (policy.empty() || candidate->name == policy)) fitting.push_back(candidate.get());
  }
  if (fitting.size() == 1) return fitting[0];
  diagnostics.Error(origin,
                    fitting.empty() ? NoSuchPolicyInFile(kind, policy, *plugin) : SeveralInFile(kind, path, fitting));
  return nullptr;
}

const PolicyHandle* Catalog::FindByName(PolicyKind kind, const std::string& name, const Origin& origin,
                                        Diagnostics& diagnostics) {
  for (const std::string& dir : dirs_) {
    const std::string file = (fs::path(dir) / ("myelin_" + name + ".so")).string();
    std::error_code ignored;
    if (!IsPolicyWord(name) || !fs::exists(file, ignored)) continue;
    std::string why;
    const Plugin* plugin = Load(file, why);
    if (plugin == nullptr) {
      diagnostics.Error(origin, why);
      return nullptr;
    }
    const PolicyHandle* policy = plugin->Find(kind, name);
    if (policy == nullptr) continue;
    for (const std::string& warning : plugin->warnings) diagnostics.Warning(origin, warning);
    return policy;
  }
  const std::vector<Listing> listings = List();
  for (const Listing& listing : listings) {
    const PolicyHandle* policy = listing.plugin != nullptr ? listing.plugin->Find(kind, name) : nullptr;
    if (policy != nullptr) return policy;
  }
  diagnostics.Error(origin, NoSuchPolicy(kind, name, listings, dirs_));
  return nullptr;
}

std::vector<const PolicyHandle*> Catalog::Describe(const std::string& name, const Origin& origin,
                                                   Diagnostics& diagnostics) {
  const bool is_path = name.find('/') != std::string::npos;
  const auto [path, wanted] = is_path ? SplitPath(name) : std::make_pair(std::string(), name);
  std::vector<Listing> listings;
  if (is_path) {
    std::string why;
    const Plugin* plugin = Load(path, why);
    listings.push_back({path, plugin, why});
  } else {
    listings = List();
  }
  std::vector<const PolicyHandle*> policies;
  std::set<std::pair<PolicyKind, std::string>> seen;  // an earlier directory's policy hides a later one's
  for (const Listing& listing : listings) {
    if (listing.plugin == nullptr) continue;
    for (const auto& policy : listing.plugin->policies) {
      const bool fits = wanted.empty() || policy->name == wanted;
      if (fits && seen.emplace(policy->kind, policy->name).second) policies.push_back(policy.get());
    }
  }
  if (policies.empty()) {
    diagnostics.Error(origin, is_path ? NothingInFile(listings[0], wanted) : NoSuchName(name, listings, dirs_));
  }
  return policies;
}

}  // namespace myelin
