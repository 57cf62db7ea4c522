// SPDX-License-Identifier: Apache-2.0
#include "policy/metadata_keys.h"

#include <algorithm>

namespace myelin {

uint32_t MetadataKeys::Want(std::string_view key) {
  const auto found = std::find(keys_.begin(), keys_.end(), key);
  if (found != keys_.end()) return static_cast<uint32_t>(found - keys_.begin());
  const bool legal = !key.empty() && key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == key.npos;
  if (!legal || keys_.size() >= kMax) return kMax;
  keys_.emplace_back(key);
  return static_cast<uint32_t>(keys_.size() - 1);
}

}  // namespace myelin
