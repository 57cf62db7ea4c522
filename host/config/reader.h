// SPDX-License-Identifier: Apache-2.0
//
// Reads typed fields from a map of a configuration. It reports wrong types, values out of range and unknown
// keys with a place and what is accepted, never stops at the first, and notes every field with its default
// filled in, so that `dump` shows what the readers saw. One per map, on the stack of who reads. [control]
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/node.h"
#include "base/units.h"

namespace myelin {

inline constexpr Duration kLongestDuration = std::chrono::hours(24) * 3650;

struct DurationRange {
  Duration min = Duration::zero();
  Duration max = kLongestDuration;
};

/// Where a value that nobody wrote comes from.
inline Origin DefaultOrigin() { return Origin{"default", 0, 0}; }

/// "a, b or c"
std::string OneOf(std::span<const std::string_view> words);

/// Parses all of `text` as a whole number; nullopt when it is none or does not fit.
std::optional<int64_t> ParseWhole(std::string_view text);

/// The whole number in `text` if it is from `min` to `max`; otherwise an error at `origin` that calls it `path`.
std::optional<uint32_t> CheckWhole(std::string_view text, const std::string& path, const Origin& origin, uint32_t min,
                                   uint32_t max, Diagnostics& diagnostics);

/// The node when it is a scalar, otherwise nullptr after an error that says what `path` accepts.
const Node* ExpectScalar(const Node& node, const std::string& path, std::string_view accepted,
                         Diagnostics& diagnostics);

/// A list's items, nothing for null, and a single value as a list of one. Borrowed from `node`, which may be nullptr.
std::vector<const Node*> OneOrMany(const Node* node);

/// ": error"-style ending of a message about a value: "'x' …; accepted: …".
std::string WrongValue(const std::string& path, std::string_view value, std::string_view problem,
                       std::string_view accepted);

class MapReader {
 public:
  /// Reads `node`, which must outlive the reader; nullptr and null are an empty map. `path` is what messages call the
  /// map, as --set would ("proxies.orders.timeouts"); empty for the whole configuration.
  MapReader(const Node* node, std::string path, Diagnostics& diagnostics);

  /// "proxies.orders.timeouts.connect"
  std::string Path(std::string_view key) const;

  /// The value under `key`, or nullptr; the key counts as known from now on. Borrowed.
  const Node* Find(std::string_view key);

  // Each returns `fallback` when the key is absent, or is wrong and reported.
  std::string Text(std::string_view key, std::string fallback);
  std::string Choice(std::string_view key, std::string_view fallback, std::span<const std::string_view> accepted);
  Duration Time(std::string_view key, Duration fallback, DurationRange range = {});
  uint64_t Bytes(std::string_view key, uint64_t fallback, uint64_t max, uint64_t min = 0);
  uint32_t Whole(std::string_view key, uint32_t fallback, uint32_t min, uint32_t max);
  double Number(std::string_view key, double fallback, double min, double max);
  bool Flag(std::string_view key, bool fallback);

  /// A map of any keys to text, in the order written.
  std::vector<std::pair<std::string, std::string>> TextMap(std::string_view key);

  /// Reports every key that no call has asked for.
  void Finish();

  /// Adds to what `dump` shows of this map.
  void Note(std::string_view key, Node value) { effective_.Set(key, std::move(value)); }
  /// All the fields read so far, defaults filled in.
  Node TakeEffective() { return std::move(effective_); }

  Diagnostics& diagnostics() const { return diagnostics_; }
  const Origin& origin() const { return effective_.origin; }

 private:
  const Node* Scalar(std::string_view key, std::string_view accepted);
  void NoteScalar(std::string_view key, std::string text, const Node* from, bool quoted = false);

  const Node* node_;
  std::string path_;
  Diagnostics& diagnostics_;
  std::vector<std::string_view> known_;
  Node effective_;
};

}  // namespace myelin
