// SPDX-License-Identifier: Apache-2.0
//
// `shadow` and `canary` beside a policy: which one is tried, and on what terms. [control]
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "config/config.h"

namespace myelin {

/// Whether `key` of a policy's map is no policy but one of the two.
bool IsTrialKey(std::string_view key);

/// Reads the entry of one of them. nullptr after an error; `path` is what messages call it.
std::shared_ptr<const TrialConfig> ReadTrial(const Entry& entry, const std::string& path, Diagnostics& diagnostics);

/// "5%" as 0.05; an error unless it is above 0% and at most 100%.
std::optional<double> ReadShare(const Node& node, const std::string& path, Diagnostics& diagnostics);

/// The native form.
Entry TrialToEntry(const TrialConfig& trial);

}  // namespace myelin
