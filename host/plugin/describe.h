// SPDX-License-Identifier: Apache-2.0
//
// Prints plugins and policies for people (`myelin plugins list`, `describe`) and, with `--output json`, for programs.
// Pure functions of the loaded plugins.
#pragma once

#include <string>
#include <vector>

#include "plugin/catalog.h"

namespace myelin {

/// A table: kind, name, plugin version, vendor, file, doc; files that cannot be used come last, each with the reason.
std::string PluginListText(const std::vector<Catalog::Listing>& listings);
/// The same as {"policies": […], "unusable": […]}, indented, ending in a newline.
std::string PluginListJson(const std::vector<Catalog::Listing>& listings);

/// What a policy is, an example of how to write it in YAML, and its options with types, defaults and ranges.
std::string DescribeText(const PolicyHandle& policy);
/// The same of several policies as a JSON array.
std::string DescribeJson(const std::vector<const PolicyHandle*>& policies);

}  // namespace myelin
