// SPDX-License-Identifier: Apache-2.0
//
// The place where log lines go: standard error, or a file that is rotated by age and by size and whose old parts are
// deleted. Owned by the Logger, used by one thread at a time (the Logger's sink holds the lock).
//
// `myelin.log` is always the file being written. A part set aside is `myelin.log.20260131T091500Z`, named after the
// moment (UTC) of its rotation, so that its age survives copying and restarts.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/units.h"

namespace myelin {

using WallClock = std::function<std::chrono::system_clock::time_point()>;

struct LogFileOptions {
  std::string path;       // empty: standard error, which is never rotated
  Duration rotate{0};     // a new file begins at each multiple of this since 1970 (24h: at midnight UTC); 0: never
  Duration keep{0};       // parts older than this are deleted; 0: none is
  uint64_t max_size = 0;  // bytes; a line that would make the file larger begins a new one; 0: no limit
  WallClock now = std::chrono::system_clock::now;
};

class LogFile {
 public:
  /// Opens the file to append, sets it aside first when it belongs to an earlier period, and deletes what is too old.
  /// Throws StartupError with path and reason when it cannot be written.
  explicit LogFile(LogFileOptions options);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  /// Adds `line` and a line end to the buffer, rotating first when it is time.
  void Append(std::string_view line);

  size_t buffered_bytes() const { return buffer_.size(); }

  /// Writes the buffer out. Answers "" or what went wrong; the buffer is empty in both cases, so memory stays bounded
  /// on a full disk.
  std::string Flush();

  /// Opens the path again, after somebody moved the file away. Answers "" or why not; then the old file stays in use.
  std::string Reopen();

 private:
  std::string Open();
  void Close();
  int64_t PeriodOf(std::chrono::system_clock::time_point time) const;
  bool MustRotate(size_t line_bytes, std::chrono::system_clock::time_point now) const;
  void Rotate(std::chrono::system_clock::time_point now);
  bool PathIsOurs() const;
  std::string FreePartName(std::chrono::system_clock::time_point now) const;
  void DeleteOldParts(std::chrono::system_clock::time_point now) const;

  LogFileOptions options_;
  std::string buffer_;
  int fd_ = -1;
  bool regular_ = false;  // pipes and terminals cannot be rotated
  uint64_t size_ = 0;     // of the file, the buffer included
  int64_t period_ = 0;
  std::chrono::system_clock::time_point retry_rotation_at_{};
};

}  // namespace myelin
