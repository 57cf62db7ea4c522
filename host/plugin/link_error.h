// SPDX-License-Identifier: Apache-2.0
//
// Turns the dynamic linker's complaints into what is missing and what to do. Pure, any thread.
#pragma once

#include <string>
#include <string_view>

namespace myelin {

/// `message` holds what dlerror() said about `copy`, the private copy of a plugin. Answers the end of a sentence that
/// began with "… cannot be loaded: ".
std::string ExplainLinkError(std::string_view message, std::string_view copy);

}  // namespace myelin
