// SPDX-License-Identifier: Apache-2.0
#include "plugin/catalog_search.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

namespace myelin {
namespace {

namespace fs = std::filesystem;

std::string Quoted(const std::string& word) { return "'" + word + "'"; }

std::string Join(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string KindName(PolicyKind kind) { return std::string(PolicyKindName(kind)); }

std::set<std::string> Names(std::optional<PolicyKind> kind, const std::vector<Catalog::Listing>& listings) {
  std::set<std::string> names;
  for (const Catalog::Listing& listing : listings) {
    if (listing.plugin == nullptr) continue;
    for (const auto& policy : listing.plugin->policies) {
      if (!kind || policy->kind == *kind) names.insert(policy->name);
    }
  }
  return names;
}

std::string Meant(const std::string& name, const std::set<std::string>& names) {
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return DidYouMean(name, candidates);
}

// "; 'strict' is a pool", or "".
std::string OtherKind(const std::string& name, const std::vector<Catalog::Listing>& listings) {
  for (const Catalog::Listing& listing : listings) {
    if (listing.plugin == nullptr) continue;
    for (const auto& policy : listing.plugin->policies) {
      if (policy->name == name) return "; " + Quoted(name) + " is a " + KindName(policy->kind);
    }
  }
  return "";
}

std::string Unusable(const std::vector<Catalog::Listing>& listings) {
  std::string text;
  for (const Catalog::Listing& listing : listings) {
    if (listing.plugin == nullptr) text += "; " + listing.why;
  }
  return text;
}

std::string Searched(const std::vector<std::string>& dirs) {
  std::string text;
  for (const std::string& dir : dirs) text += (text.empty() ? "" : ", ") + dir;
  return text.empty() ? "no directory was searched" : "searched " + text;
}

}  // namespace

std::vector<std::string> PluginFiles(const std::vector<std::string>& dirs) {
  std::vector<std::string> files;
  for (const std::string& dir : dirs) {
    std::vector<std::string> here;
    std::error_code error;
    for (auto entry = fs::directory_iterator(dir, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (name.starts_with("myelin_") && name.ends_with(".so")) here.push_back(entry->path().string());
    }
    std::sort(here.begin(), here.end());
    files.insert(files.end(), here.begin(), here.end());
  }
  return files;
}

std::pair<std::string, std::string> SplitPath(const std::string& path_and_policy) {
  const size_t colon = path_and_policy.rfind(".so:");
  if (colon == std::string::npos) return {path_and_policy, ""};
  return {path_and_policy.substr(0, colon + 3), path_and_policy.substr(colon + 4)};
}

std::string NoSuchPolicyInFile(PolicyKind kind, const std::string& policy, const Plugin& plugin) {
  std::set<std::string> held;
  std::set<std::string> same_kind;
  for (const auto& candidate : plugin.policies) {
    held.insert(KindName(candidate->kind) + " " + Quoted(candidate->name));
    if (candidate->kind == kind) same_kind.insert(candidate->name);
  }
  return plugin.file + " holds no " + KindName(kind) + (policy.empty() ? "" : " " + Quoted(policy)) +
         Meant(policy, same_kind) + (held.empty() ? "" : " (it holds: " + Join(held) + ")");
}

std::string SeveralInFile(PolicyKind kind, const std::string& path, const std::vector<const PolicyHandle*>& policies) {
  std::set<std::string> choices;
  for (const PolicyHandle* policy : policies) choices.insert(path + ":" + policy->name);
  return path + " holds several " + KindName(kind) + "s; write which: " + Join(choices);
}

std::string NothingInFile(const Catalog::Listing& listing, const std::string& policy) {
  if (listing.plugin == nullptr) return listing.why;
  std::set<std::string> held = Names(std::nullopt, {listing});
  return listing.file + " holds no policy" + (policy.empty() ? " for this host" : " " + Quoted(policy)) +
         Meant(policy, held) + (held.empty() ? "" : " (it holds: " + Join(held) + ")");
}

std::string NoSuchPolicy(PolicyKind kind, const std::string& name, const std::vector<Catalog::Listing>& listings,
                         const std::vector<std::string>& dirs) {
  const std::set<std::string> names = Names(kind, listings);
  const std::string available = names.empty() ? "there is none at all" : "available are " + Join(names);
  return "there is no " + KindName(kind) + " " + Quoted(name) + Meant(name, names) + " (" + available + "; " +
         Searched(dirs) + OtherKind(name, listings) + Unusable(listings) + ")";
}

std::string NoSuchName(const std::string& name, const std::vector<Catalog::Listing>& listings,
                       const std::vector<std::string>& dirs) {
  const std::set<std::string> names = Names(std::nullopt, listings);
  const std::string available = names.empty() ? "there is none at all" : "available are " + Join(names);
  return "there is no policy " + Quoted(name) + Meant(name, names) + " (" + available + "; " + Searched(dirs) +
         Unusable(listings) + ")";
}

}  // namespace myelin
