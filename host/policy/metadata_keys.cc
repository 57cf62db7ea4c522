// SPDX-License-Identifier: Apache-2.0
#include "policy/metadata_keys.h"

#include <algorithm>

namespace myelin {

uint32_t MetadataKeys::Want(std::string_view key) {
  const auto found = std::find(keys_.begin(), keys_.end(), key);
  if (found != keys_.end() && !key.empty()) return static_cast<uint32_t>(found - keys_.begin());
  const bool legal = !key.empty() && key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == key.npos;
  const auto free = std::find(keys_.begin(), keys_.end(), "");
  if (!legal || (free == keys_.end() && keys_.size() >= kMax)) return kMax;
  if (free == keys_.end()) {
    keys_.emplace_back(key);
    return static_cast<uint32_t>(keys_.size() - 1);
  }
  *free = key;
  return static_cast<uint32_t>(free - keys_.begin());
}

void MetadataKeys::KeepOnly(const std::vector<uint32_t>& slots) {
  for (uint32_t slot = 0; slot < keys_.size(); ++slot) {
    if (std::find(slots.begin(), slots.end(), slot) == slots.end()) keys_[slot].clear();
  }
  while (!keys_.empty() && keys_.back().empty()) keys_.pop_back();
}

}  // namespace myelin
