// SPDX-License-Identifier: Apache-2.0
#include "base/diagnostics.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

namespace myelin {
namespace {

// Levenshtein 1966, case-blind, two rows.
size_t EditDistance(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      const size_t substitution = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      row[j] = std::min({above + 1, row[j - 1] + 1, substitution});
      diagonal = above;
    }
  }
  return row.back();
}

std::string Join(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (!text.empty()) text += '\n';
    text += diagnostic.ToString();
  }
  return text;
}

}  // namespace

std::string Diagnostic::ToString() const {
  const char* label = severity == Severity::kError ? "error: " : "warning: ";
  std::string text = origin.ToString() + ": " + label + message;
  // Names and keys come from untrusted files; a terminal must not act on what is in them.
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return text;
}

void Diagnostics::Error(Origin origin, std::string message) {
  all_.push_back({Diagnostic::Severity::kError, std::move(origin), std::move(message)});
  ++error_count_;
}

void Diagnostics::Warning(Origin origin, std::string message) {
  all_.push_back({Diagnostic::Severity::kWarning, std::move(origin), std::move(message)});
}

void Diagnostics::Append(const Diagnostics& more) {
  all_.insert(all_.end(), more.all_.begin(), more.all_.end());
  error_count_ += more.error_count_;
}

StartupError::StartupError(std::vector<Diagnostic> diagnostics)
    : std::runtime_error(Join(diagnostics)), diagnostics_(std::move(diagnostics)) {}

StartupError::StartupError(Origin origin, std::string message)
    : StartupError(std::vector<Diagnostic>{{Diagnostic::Severity::kError, std::move(origin), std::move(message)}}) {}

std::string Quoted(std::string_view value) {
  constexpr size_t kMaxShown = 80;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text = "'";
  for (const char c : value.substr(0, kMaxShown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      text += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      text += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      text += c;
    }
  }
  if (value.size() > kMaxShown) {
    // Half a UTF-8 character would garble what follows.
    while ((static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.pop_back();
    if (static_cast<unsigned char>(text.back()) >= 0xc0) text.pop_back();
    text += "…";
  }
  return text + "'";
}

std::string_view NearestSpelling(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  // A word of three letters has a neighbour within two edits of anything.
  size_t best_distance = (word.size() <= 3 ? 1 : std::max<size_t>(2, word.size() / 3)) + 1;
  for (std::string_view candidate : candidates) {
    const size_t longer = std::max(word.size(), candidate.size());
    const size_t shorter = std::min(word.size(), candidate.size());
    if (longer - shorter >= best_distance) continue;
    const size_t distance = EditDistance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string DidYouMean(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view nearest = NearestSpelling(word, candidates);
  if (nearest.empty()) return "";
  return ", did you mean " + Quoted(nearest) + "?";
}

}  // namespace myelin
