// SPDX-License-Identifier: Apache-2.0
//
// Tells when the configuration's files have changed: rewritten in place, replaced by a rename, or behind a symbolic
// link that was pointed elsewhere, as Kubernetes does with a ConfigMap's `..data`. Used by main's thread.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace myelin {

class Watch {
 public:
  /// Watches the directories of `files`. Throws std::system_error when the kernel has no watch left.
  explicit Watch(std::vector<std::string> files);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Whether a file's content is other than when this last said so, and the same as at the call before: an editor
  /// writes in several steps. Call it every moment; without an event it looks once a second, for a link above the
  /// directories may have been pointed elsewhere.
  bool Changed();

 private:
  std::string Fingerprint() const;
  void WatchDirectories();

  const std::vector<std::string> files_;
  int fd_ = -1;
  std::string seen_;     // when last reported
  std::string current_;  // at the latest look
  bool unsettled_ = false;
  std::chrono::steady_clock::time_point looked_{};
};

}  // namespace myelin
