// SPDX-License-Identifier: Apache-2.0
//
// Hands the state of a policy to the instance that takes its place: buckets that are half empty, averages that took
// long to gather. What the bytes mean is the plugin's affair, their version too. Control thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/instance.h"

namespace myelin {

/// No policy hands over more bytes than this.
inline constexpr uint64_t kMaxStateBytes = 32u << 20;

/// Answers "" when the state was handed over or there is none, else why the new instance starts without it.
template <typename Functions>
std::string CarryOver(PolicyInstance<Functions>& from, PolicyInstance<Functions>& to) {
  if (from.guard().quarantined() || to.guard().quarantined()) return "";
  if (from.functions().save == nullptr || to.functions().load == nullptr) return "";
  std::vector<char> bytes(4096);
  uint64_t size = 0;
  const auto save = [&] {
    return from.Ask(Hook::kSave,
                    [&] { return from.functions().save(from.instance(), bytes.data(), bytes.size(), &size); });
  };
  int32_t code = save();
  if (code == MYELIN_ERROR_NO_SPACE && size > bytes.size() && size <= kMaxStateBytes) {
    bytes.resize(size);
    code = save();
  }
  if (code != MYELIN_OK || size > bytes.size()) return "it does not save its state: error " + std::to_string(code);
  std::array<char, 1024> text{};
  myelin_error error{sizeof(myelin_error), 0, text.data(), text.size(), 0};
  code = to.Ask(Hook::kLoad, [&] { return to.functions().load(to.instance(), bytes.data(), size, &error); });
  if (code == MYELIN_OK) return "";
  return std::string(text.data(), std::min<uint64_t>(error.size, text.size()));
}

}  // namespace myelin
