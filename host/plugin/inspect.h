// SPDX-License-Identifier: Apache-2.0
//
// Reads what a plugin's entry answers and makes a Plugin of it, or says why it cannot be used. Runs no code of the
// plugin but the entry function. Control thread.
#pragma once

#include <memory>
#include <string>

#include "plugin/library.h"
#include "plugin/plugin.h"

namespace myelin {

/// Finds and calls the entry of a loaded library. `file` is the deployed path, for messages. nullptr on failure, and
/// `why` is a sentence that begins with the path.
std::unique_ptr<Plugin> InspectLibrary(const Library& library, const std::string& file, std::string& why);

/// The same from the entry's answer.
std::unique_ptr<Plugin> InspectPlugin(const myelin_plugin* entry, const std::string& file, std::string& why);

}  // namespace myelin
