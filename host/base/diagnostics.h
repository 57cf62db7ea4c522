// SPDX-License-Identifier: Apache-2.0
//
// Collects what is wrong with a configuration, all of it, so that a user mends a file in one go.
// Start-up code adds to a Diagnostics; whoever cannot go on throws StartupError, which only main catches.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/node.h"

namespace myelin {

struct Diagnostic {
  enum class Severity { kError, kWarning };
  Severity severity;
  Origin origin;
  std::string message;  // what, the value, what is accepted, did you mean

  /// "orders.yaml:12:7: error: …" (or "warning: …").
  std::string ToString() const;
};

class Diagnostics {
 public:
  void Error(Origin origin, std::string message);
  void Warning(Origin origin, std::string message);

  void Append(const Diagnostics& more);

  bool HasErrors() const { return error_count_ > 0; }
  const std::vector<Diagnostic>& all() const { return all_; }

 private:
  std::vector<Diagnostic> all_;
  size_t error_count_ = 0;
};

/// Start-up cannot go on. `main` prints the diagnostics and exits with 1.
class StartupError : public std::runtime_error {
 public:
  explicit StartupError(std::vector<Diagnostic> diagnostics);
  StartupError(Origin origin, std::string message);

  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

/// `'value'` for a message: control characters escaped, cut short beyond some 80 bytes, so that no file can flood a
/// terminal.
std::string Quoted(std::string_view value);

/// The candidate nearest to `word` by edit distance, or "" when none is near enough to be a likely slip.
std::string_view NearestSpelling(std::string_view word, std::span<const std::string_view> candidates);

/// ", did you mean 'x'?" or "".
std::string DidYouMean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace myelin
