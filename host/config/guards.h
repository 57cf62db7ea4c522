// SPDX-License-Identifier: Apache-2.0
//
// `guards:` of a file and of a proxy: what is borne of policies that misbehave. [control]
#pragma once

#include <string>

#include "config/reader.h"
#include "guard/settings.h"

namespace myelin {

struct GuardDefaults {
  GuardSettings settings;
  Node effective = Node::Map(DefaultOrigin());  // where each value comes from
};

/// Reads `guards` at the top of a file, where it also says where crashes are noted.
GuardDefaults ReadFileGuards(MapReader& map, std::string& crash_file);

/// Reads `guards` of a proxy, which has the file's where it says nothing.
GuardSettings ReadProxyGuards(MapReader& map, const GuardDefaults& file);

}  // namespace myelin
