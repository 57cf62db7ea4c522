// SPDX-License-Identifier: Apache-2.0
#include "config/legacy_reader.h"

#include <algorithm>
#include <utility>

#include "base/units.h"
#include "config/reader.h"

namespace myelin {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return Lower(x) == Lower(y); });
}

const Node* FindIgnoringCase(const Node& map, std::string_view key) {
  const Node* found = nullptr;
  for (const Entry& entry : map.entries) {
    if (EqualsIgnoringCase(entry.key, key)) found = &entry.value;
  }
  return found;
}

const Node* LegacyReader::Find(std::string_view key) {
  known_.push_back(key);
  const Node* node = FindIgnoringCase(map_, key);
  return node == nullptr || node->IsNull() ? nullptr : node;
}

const Node* LegacyReader::Scalar(std::string_view key) {
  const Node* node = Find(key);
  return node == nullptr ? nullptr : ExpectScalar(*node, std::string(key), "a single value", diagnostics_);
}

bool LegacyReader::Switch(std::string_view key, bool fallback) {
  const Node* node = Scalar(key);
  if (node == nullptr) return fallback;
  if (EqualsIgnoringCase(node->scalar, "true") || node->scalar == "1") return true;
  if (EqualsIgnoringCase(node->scalar, "false") || node->scalar == "0") return false;
  diagnostics_.Error(node->origin, WrongValue(std::string(key), node->scalar, "is not a switch", "true or false"));
  return fallback;
}

std::optional<Node> LegacyReader::Whole(std::string_view key, uint32_t min, uint32_t max) {
  const Node* node = Scalar(key);
  if (node == nullptr) return std::nullopt;
  const std::optional<uint32_t> whole =
      CheckWhole(node->scalar, std::string(key), node->origin, min, max, diagnostics_);
  if (!whole) return std::nullopt;
  return Node::Scalar(std::to_string(*whole), node->origin);
}

std::optional<Node> LegacyReader::Time(std::string_view key, std::string_view unit) {
  const Node* node = Scalar(key);
  if (node == nullptr) return std::nullopt;
  const std::optional<Duration> duration = ParseDuration(node->scalar + std::string(unit));
  if (!duration || *duration > kLongestDuration) {
    const std::string_view accepted = unit == "s" ? "a number of seconds, 0 or more" : "a number of minutes, 0 or more";
    diagnostics_.Error(node->origin, WrongValue(std::string(key), node->scalar, "is not a time", accepted));
    return std::nullopt;
  }
  return Node::Scalar(FormatDuration(*duration), node->origin);
}

void LegacyReader::Finish(std::string_view where) {
  for (const Entry& entry : map_.entries) {
    const bool is_known = std::any_of(known_.begin(), known_.end(),
                                      [&](std::string_view key) { return EqualsIgnoringCase(key, entry.key); });
    if (is_known) continue;
    diagnostics_.Warning(entry.key_origin, "unknown key " + Quoted(entry.key) + " in " + std::string(where) +
                                               " is ignored" + DidYouMean(entry.key, known_));
  }
}

}  // namespace myelin
