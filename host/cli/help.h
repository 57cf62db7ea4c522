// SPDX-License-Identifier: Apache-2.0
//
// The texts of --help and --version. Constants, any thread.
#pragma once

#include <string>
#include <string_view>

namespace myelin {

/// The help of a command, by its name; of myelin as a whole for "" or "run".
std::string_view HelpText(std::string_view command);

/// "myelin 1.0.0 …" with a line end.
std::string VersionText();

}  // namespace myelin
