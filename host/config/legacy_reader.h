// SPDX-License-Identifier: Apache-2.0
//
// Reads one map of a legacy file the way the original did: keys in any case, numbers and switches also in
// quotes. Values come back as native scalars that keep their place. Used by legacy*.cc. [control]
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/node.h"

namespace myelin {

bool EqualsIgnoringCase(std::string_view a, std::string_view b);

/// The value under `key` in any case, or nullptr. Borrowed from `map`.
const Node* FindIgnoringCase(const Node& map, std::string_view key);

class LegacyReader {
 public:
  /// `map` must outlive the reader.
  LegacyReader(const Node& map, Diagnostics& diagnostics) : map_(map), diagnostics_(diagnostics) {}

  /// The value, known from now on. nullptr when absent or null; the last one when the key is there in several cases.
  const Node* Find(std::string_view key);

  /// A scalar, or nullptr after an error when it is none.
  const Node* Scalar(std::string_view key);

  /// true or false, also as "true", 1 or 0; `fallback` when absent or, after an error, wrong.
  bool Switch(std::string_view key, bool fallback);

  /// A whole number from `min` to `max` as a native scalar; nullopt when absent or, after an error, wrong.
  std::optional<Node> Whole(std::string_view key, uint32_t min, uint32_t max);

  /// A count of `unit` ("s", "m") as a native duration scalar; nullopt when absent or, after an error, wrong.
  std::optional<Node> Time(std::string_view key, std::string_view unit);

  /// Warns about every key that nobody asked for; it has no effect.
  void Finish(std::string_view where);

 private:
  const Node& map_;
  Diagnostics& diagnostics_;
  std::vector<std::string_view> known_;
};

}  // namespace myelin
