// SPDX-License-Identifier: Apache-2.0
//
// What is known of policies that were running when this host crashed: a line of JSON for each crash, in a small file
// that outlives the process. It is opened at the start, so that the crash handler need only write. Owned by main; used
// on the control thread.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "guard/policy_guard.h"

namespace myelin {

struct CrashRecord {
  PolicyIdentity policy;
  std::string hook;
  std::string signal;
  bool seen = false;  // an earlier start has told of it

  /// "by SIGSEGV in its pick"
  std::string Describe() const { return "by " + signal + " in its " + hook; }
};

class CrashFile {
 public:
  /// A file for the host with these configuration files in $STATE_DIRECTORY, $XDG_RUNTIME_DIR, $TMPDIR or /tmp.
  static std::string DefaultPath(const std::vector<std::string>& config_files);

  /// Reads what earlier runs left, and tells in the log of crashes that are new. A file that cannot be used is a
  /// warning: then crashes are told on standard error only.
  CrashFile(std::string path, Logger& log);
  ~CrashFile();
  CrashFile(const CrashFile&) = delete;
  CrashFile& operator=(const CrashFile&) = delete;

  /// The last crash of the policy of that kind, name and content, or nullptr.
  const CrashRecord* Find(const PolicyIdentity& policy) const;
  /// Forgets the crashes of that policy: it was swapped in on purpose.
  void Forget(const std::string& kind, const std::string& policy);

  const std::string& path() const { return path_; }
  /// What the crash handler appends to; -1 without a file.
  int descriptor() const { return descriptor_; }

 private:
  bool Open(Logger& log);
  void Read();
  void Write() const;

  const std::string path_;
  int descriptor_ = -1;
  std::vector<CrashRecord> records_;  // oldest first
};

}  // namespace myelin
