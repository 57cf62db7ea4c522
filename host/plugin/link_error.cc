// SPDX-License-Identifier: Apache-2.0
#include "plugin/link_error.h"

#include <algorithm>

namespace myelin {
namespace {

// What stands between `before` and the next of `stops`, or "" when `before` is not there.
std::string_view After(std::string_view text, std::string_view before, std::string_view stops) {
  const size_t at = text.find(before);
  if (at == std::string_view::npos) return "";
  text.remove_prefix(at + before.size());
  return text.substr(0, text.find_first_of(stops));
}

std::string Quoted(std::string_view word) { return "'" + std::string(word) + "'"; }

// The words of dlerror itself, without what Boost wraps around them and without the name of the private copy.
std::string_view Core(std::string_view message, std::string_view copy) {
  const size_t marker = message.find("dlerror system message: ");
  if (marker != std::string_view::npos) {
    message.remove_prefix(marker + std::string_view("dlerror system message: ").size());
    message = message.substr(0, message.rfind(')'));
  }
  if (!copy.empty() && message.starts_with(copy)) message.remove_prefix(copy.size());
  while (message.starts_with(':') || message.starts_with(' ')) message.remove_prefix(1);
  return message;
}

}  // namespace

std::string ExplainLinkError(std::string_view message, std::string_view copy) {
  const std::string_view core = Core(message, copy);
  if (const auto symbol = After(core, "undefined symbol: ", " ,\t("); !symbol.empty()) {
    return "it needs the symbol " + Quoted(symbol) +
           ", which neither it nor a library it links has: link what defines it into the plugin "
           "(-Wl,--no-undefined shows it at build time)";
  }
  if (const auto version = After(core, "version `", "'"); !version.empty()) {
    return "it needs " + std::string(version) +
           ", which is newer than this system: build it on a system no newer than this one";
  }
  if (core.find("cannot open shared object file") != std::string_view::npos) {
    return "it needs the library " + Quoted(core.substr(0, core.find(':'))) +
           ", which is not found here: install it, or link it into the plugin statically "
           "(a path relative to $ORIGIN does not work, as plugins run from a private copy)";
  }
  if (core.find("failed to map segment") != std::string_view::npos) {
    return "its private copy " + std::string(copy) +
           " is on a file system mounted noexec: set XDG_RUNTIME_DIR or TMPDIR to one that is not";
  }
  return std::string(core);
}

}  // namespace myelin
