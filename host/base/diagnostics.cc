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
  return origin.ToString() + ": " + label + message;
}

void Diagnostics::Error(Origin origin, std::string message) {
  all_.push_back({Diagnostic::Severity::kError, std::move(origin), std::move(message)});
  ++error_count_;
}

void Diagnostics::Warning(Origin origin, std::string message) {
  all_.push_back({Diagnostic::Severity::kWarning, std::move(origin), std::move(message)});
}

StartupError::StartupError(std::vector<Diagnostic> diagnostics)
    : std::runtime_error(Join(diagnostics)), diagnostics_(std::move(diagnostics)) {}

StartupError::StartupError(Origin origin, std::string message)
    : StartupError(std::vector<Diagnostic>{
          {Diagnostic::Severity::kError, std::move(origin), std::move(message)}}) {}

std::string_view NearestSpelling(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (std::string_view candidate : candidates) {
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
  return ", did you mean '" + std::string(nearest) + "'?";
}

}  // namespace myelin
