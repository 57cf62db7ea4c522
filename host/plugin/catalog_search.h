// SPDX-License-Identifier: Apache-2.0
//
// What the Catalog needs besides loading: which files are plugins, how a path names a policy, and the sentences for
// what is not found. Control thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plugin/catalog.h"

namespace myelin {

/// The myelin_*.so files of the directories, in the order of directories and names; missing directories are skipped.
std::vector<std::string> PluginFiles(const std::vector<std::string>& dirs);

/// "a/b.so:policy" as its two halves; the second is empty where none is named.
std::pair<std::string, std::string> SplitPath(const std::string& path_and_policy);

std::string NoSuchPolicyInFile(PolicyKind kind, const std::string& policy, const Plugin& plugin);
std::string SeveralInFile(PolicyKind kind, const std::string& path, const std::vector<const PolicyHandle*>& policies);
std::string NothingInFile(const Catalog::Listing& listing, const std::string& policy);

/// Names what there is of that kind, the likeliest meant, what could not be read, and where was looked.
std::string NoSuchPolicy(PolicyKind kind, const std::string& name, const std::vector<Catalog::Listing>& listings,
                         const std::vector<std::string>& dirs);
/// The same where any kind would have done.
std::string NoSuchName(const std::string& name, const std::vector<Catalog::Listing>& listings,
                       const std::vector<std::string>& dirs);

}  // namespace myelin
