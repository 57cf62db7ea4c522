// SPDX-License-Identifier: Apache-2.0
//
// The metadata keys that the policies of one proxy want to see, each with the slot in which every call shows it.
// Filled while the policies are created on the control thread; workers read a copy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace myelin {

class MetadataKeys {
 public:
  static constexpr uint32_t kMax = 32;

  /// The slot of `key`, given one if it is new. kMax when there is no room or the key is no legal metadata name.
  uint32_t Want(std::string_view key);

  /// Frees the slots that are not among `slots`.
  void KeepOnly(const std::vector<uint32_t>& slots);

  /// By slot; "" where one is free.
  const std::vector<std::string>& keys() const { return keys_; }

 private:
  std::vector<std::string> keys_;
};

}  // namespace myelin
