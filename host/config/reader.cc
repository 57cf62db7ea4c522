// SPDX-License-Identifier: Apache-2.0
#include "config/reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace myelin {
namespace {

constexpr std::string_view kDurationForm = "a duration such as 10s, 1h30m or 250ms";
constexpr std::string_view kSizeForm = "a size such as 512, 64KiB or 100MiB";

std::string KindName(const Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsList()) return "a list";
  return node.IsNull() ? "without a value" : "a single value";
}

std::optional<double> ParseNumber(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::string FormatNumber(double number) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), number);
  return error == std::errc() ? std::string(buffer, end) : "0";
}

// A bare number is the most common slip: the unit was left out.
std::string SuggestUnit(const Node& node) {
  const std::optional<int64_t> whole = ParseWhole(node.scalar);
  if (!whole || *whole < 0) return "";
  return ", did you mean '" + node.scalar + "s'?";
}

}  // namespace

std::string OneOf(std::span<const std::string_view> words) {
  constexpr size_t kMaxShown = 30;
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i == kMaxShown) return text + " …";
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

std::optional<int64_t> ParseWhole(std::string_view text) {
  int64_t whole = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return whole;
}

std::string WrongValue(const std::string& path, std::string_view value, std::string_view problem,
                       std::string_view accepted) {
  std::string message = path + ": " + Quoted(value) + " ";
  return message.append(problem).append("; accepted: ").append(accepted);
}

std::optional<uint32_t> CheckWhole(std::string_view text, const std::string& path, const Origin& origin, uint32_t min,
                                   uint32_t max, Diagnostics& diagnostics) {
  const std::string accepted = "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
  const std::optional<int64_t> whole = ParseWhole(text);
  if (!whole) {
    diagnostics.Error(origin, WrongValue(path, text, "is not a whole number in range", accepted));
    return std::nullopt;
  }
  if (*whole < int64_t{min} || *whole > int64_t{max}) {
    diagnostics.Error(origin, WrongValue(path, text, "is out of range", accepted));
    return std::nullopt;
  }
  return static_cast<uint32_t>(*whole);
}

const Node* ExpectScalar(const Node& node, const std::string& path, std::string_view accepted,
                         Diagnostics& diagnostics) {
  if (node.IsScalar()) return &node;
  diagnostics.Error(node.origin, path + " is " + KindName(node) + "; accepted: " + std::string(accepted));
  return nullptr;
}

std::vector<const Node*> OneOrMany(const Node* node) {
  std::vector<const Node*> all;
  if (node == nullptr || node->IsNull()) return all;
  if (!node->IsList()) return {node};
  for (const Node& item : node->items) all.push_back(&item);
  return all;
}

MapReader::MapReader(const Node* node, std::string path, Diagnostics& diagnostics)
    : node_(node), path_(std::move(path)), diagnostics_(diagnostics), effective_(Node::Map(DefaultOrigin())) {
  if (node_ == nullptr) return;
  effective_.origin = node_->origin;
  if (node_->IsMap() || node_->IsNull()) return;
  const std::string name = path_.empty() ? "the configuration" : path_;
  diagnostics_.Error(node_->origin, name + " is " + KindName(*node_) + "; accepted: a map, `key: value`");
  node_ = nullptr;
}

std::string MapReader::Path(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

const Node* MapReader::Find(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  return node_ == nullptr ? nullptr : node_->Find(key);
}

const Node* MapReader::Scalar(std::string_view key, std::string_view accepted) {
  const Node* node = Find(key);
  return node == nullptr ? nullptr : ExpectScalar(*node, Path(key), accepted, diagnostics_);
}

void MapReader::NoteScalar(std::string_view key, std::string text, const Node* from, bool quoted) {
  Node node = Node::Scalar(std::move(text), from == nullptr ? DefaultOrigin() : from->origin);
  node.quoted = quoted;
  Note(key, std::move(node));
}

std::string MapReader::Text(std::string_view key, std::string fallback) {
  const Node* node = Scalar(key, "text");
  std::string text = node == nullptr ? std::move(fallback) : node->scalar;
  NoteScalar(key, text, node, node != nullptr && node->quoted);
  return text;
}

std::string MapReader::Choice(std::string_view key, std::string_view fallback,
                              std::span<const std::string_view> accepted) {
  const Node* node = Scalar(key, OneOf(accepted));
  std::string text(node == nullptr ? fallback : node->scalar);
  if (node != nullptr && std::find(accepted.begin(), accepted.end(), text) == accepted.end()) {
    diagnostics_.Error(node->origin,
                       WrongValue(Path(key), text, "is unknown", OneOf(accepted)) + DidYouMean(text, accepted));
    text = fallback;
  }
  NoteScalar(key, text, node);
  return text;
}

Duration MapReader::Time(std::string_view key, Duration fallback, DurationRange range) {
  const Node* node = Scalar(key, kDurationForm);
  Duration value = fallback;
  if (node != nullptr) {
    const std::optional<Duration> parsed = ParseDuration(node->scalar);
    if (!parsed) {
      diagnostics_.Error(node->origin,
                         WrongValue(Path(key), node->scalar, "is not a duration", kDurationForm) + SuggestUnit(*node));
    } else if (*parsed < range.min || *parsed > range.max) {
      diagnostics_.Error(node->origin,
                         WrongValue(Path(key), node->scalar, "is out of range",
                                    "from " + FormatDuration(range.min) + " to " + FormatDuration(range.max)));
    } else {
      value = *parsed;
    }
  }
  NoteScalar(key, FormatDuration(value), node);
  return value;
}

uint64_t MapReader::Bytes(std::string_view key, uint64_t fallback, uint64_t max, uint64_t min) {
  const Node* node = Scalar(key, kSizeForm);
  uint64_t value = fallback;
  if (node != nullptr) {
    const std::optional<uint64_t> parsed = ParseSize(node->scalar);
    if (!parsed) {
      diagnostics_.Error(node->origin, WrongValue(Path(key), node->scalar, "is not a size", kSizeForm));
    } else if (*parsed < min || *parsed > max) {
      const std::string from = min == 0 ? "" : "from " + FormatSize(min) + " ";
      diagnostics_.Error(node->origin, WrongValue(Path(key), node->scalar, "is out of range",
                                                  from + (min == 0 ? "up to " : "to ") + FormatSize(max)));
    } else {
      value = *parsed;
    }
  }
  NoteScalar(key, FormatSize(value), node);
  return value;
}

uint32_t MapReader::Whole(std::string_view key, uint32_t fallback, uint32_t min, uint32_t max) {
  const Node* node = Scalar(key, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  uint32_t value = fallback;
  if (node != nullptr) {
    // Quotes make text of it; the same number in quotes elsewhere in YAML would not be a number either.
    const std::string text = node->quoted ? "\"" + node->scalar + "\"" : node->scalar;
    value = myelin::CheckWhole(text, Path(key), node->origin, min, max, diagnostics_).value_or(fallback);
  }
  NoteScalar(key, std::to_string(value), node);
  return value;
}

double MapReader::Number(std::string_view key, double fallback, double min, double max) {
  const std::string accepted = "a number from " + FormatNumber(min) + " to " + FormatNumber(max);
  const Node* node = Scalar(key, accepted);
  double value = fallback;
  if (node != nullptr) {
    const std::optional<double> parsed = node->quoted ? std::nullopt : ParseNumber(node->scalar);
    if (!parsed || *parsed < min || *parsed > max) {
      diagnostics_.Error(node->origin,
                         WrongValue(Path(key), node->scalar, parsed ? "is out of range" : "is no number", accepted));
    } else {
      value = *parsed;
    }
  }
  NoteScalar(key, FormatNumber(value), node);
  return value;
}

bool MapReader::Flag(std::string_view key, bool fallback) {
  const Node* node = Scalar(key, "true or false");
  bool value = fallback;
  if (node != nullptr) {
    if (!node->quoted && (node->scalar == "true" || node->scalar == "false")) {
      value = node->scalar == "true";
    } else {
      diagnostics_.Error(node->origin, WrongValue(Path(key), node->scalar, "is not a switch", "true or false"));
    }
  }
  NoteScalar(key, value ? "true" : "false", node);
  return value;
}

std::vector<std::pair<std::string, std::string>> MapReader::TextMap(std::string_view key) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const Node* node = Find(key);
  if (node == nullptr || node->IsNull()) return pairs;
  if (!node->IsMap()) {
    diagnostics_.Error(node->origin, Path(key) + " is " + KindName(*node) + "; accepted: a map of names to text");
    return pairs;
  }
  for (const Entry& entry : node->entries) {
    const Node* value = ExpectScalar(entry.value, Path(key) + "." + entry.key, "text", diagnostics_);
    if (value != nullptr) pairs.emplace_back(entry.key, value->scalar);
  }
  Note(key, *node);
  return pairs;
}

void MapReader::Finish() {
  if (node_ == nullptr) return;
  const std::string where = path_.empty() ? "" : " in " + path_;
  for (const Entry& entry : node_->entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    diagnostics_.Error(entry.key_origin, "unknown key " + Quoted(entry.key) + where + "; accepted: " + OneOf(known_) +
                                             DidYouMean(entry.key, known_));
  }
}

}  // namespace myelin
