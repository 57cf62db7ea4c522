// SPDX-License-Identifier: Apache-2.0
//
// Checks the option table that a policy declares, so that later code may walk it without doubt. Control thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugin/option_table.h"

namespace myelin {

/// The largest step between elements of a plugin's arrays that is believed.
inline constexpr uint32_t kMaxStride = 4096;

/// Whether `name` is lower-case words joined by '_': [a-z][a-z0-9_]*.
bool IsPolicyWord(std::string_view name);

/// What is wrong with the table, as the end of a sentence that names its owner, or "". Walks nested fields too.
std::string CheckOptionTable(const myelin_option* rows, uint32_t count, uint32_t stride);

}  // namespace myelin
