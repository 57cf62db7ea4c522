// SPDX-License-Identifier: Apache-2.0
//
// Appending, rotation and clean-up of a log file, over plain POSIX calls.
#include "base/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>

#include "base/diagnostics.h"

namespace myelin {
namespace {

namespace fs = std::filesystem;
using TimePoint = std::chrono::system_clock::time_point;

constexpr size_t kStampSize = 16;  // 20260131T091500Z
constexpr std::chrono::seconds kRotationRetry{60};

std::string ReasonOf(int error) { return std::generic_category().message(error); }

std::string Stamp(TimePoint time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(time - day)};
  std::array<char, 48> text;
  const int size = std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                 static_cast<int>(clock.seconds().count()));
  return std::string(text.data(), static_cast<size_t>(size));
}

std::optional<int> Digits(std::string_view text) {
  int value = 0;
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

/// The time in the name of a part, or nullopt for a name that Stamp did not make: such a file is not ours to delete.
std::optional<TimePoint> ParseStamp(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < kStampSize || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const std::string_view serial = text.substr(kStampSize);
  if (!serial.empty() && (serial.size() < 2 || serial[0] != '-' || !Digits(serial.substr(1)))) return std::nullopt;
  const auto date = Digits(text.substr(0, 8));
  const auto clock = Digits(text.substr(9, 6));
  if (!date || !clock) return std::nullopt;
  const year_month_day ymd{year{*date / 10000}, month{static_cast<unsigned>(*date / 100 % 100)},
                           day{static_cast<unsigned>(*date % 100)}};
  if (!ymd.ok()) return std::nullopt;
  return sys_days{ymd} + hours{*clock / 10000} + minutes{*clock / 100 % 100} + seconds{*clock % 100};
}

TimePoint ModifiedAt(const struct stat& status) {
  return TimePoint{std::chrono::duration_cast<TimePoint::duration>(std::chrono::seconds{status.st_mtim.tv_sec} +
                                                                   std::chrono::nanoseconds{status.st_mtim.tv_nsec})};
}

}  // namespace

LogFile::LogFile(LogFileOptions options) : options_(std::move(options)) {
  if (options_.path.empty()) {
    fd_ = STDERR_FILENO;
    return;
  }
  const std::string reason = Open();
  if (!reason.empty()) {
    throw StartupError(Origin{"log.file"}, "cannot write the log file '" + options_.path + "': " + reason +
                                               "; name a file in a folder that exists and is writable, or leave "
                                               "log.file out to log to standard error");
  }
  const TimePoint now = options_.now();
  if (MustRotate(0, now)) {
    Rotate(now);
  } else {
    DeleteOldParts(now);
  }
}

LogFile::~LogFile() {
  Flush();
  Close();
}

void LogFile::Append(std::string_view line) {
  if (regular_) {
    const TimePoint now = options_.now();
    if (MustRotate(line.size() + 1, now)) Rotate(now);
  }
  buffer_ += line;
  buffer_ += '\n';
  size_ += line.size() + 1;
}

std::string LogFile::Flush() {
  size_t written = 0;
  std::string problem;
  while (written < buffer_.size() && problem.empty()) {
    const ssize_t count = ::write(fd_, buffer_.data() + written, buffer_.size() - written);
    if (count >= 0) {
      written += static_cast<size_t>(count);
    } else if (errno != EINTR) {
      problem = "cannot write to " + (options_.path.empty() ? "standard error" : "'" + options_.path + "'") + ": " +
                ReasonOf(errno);
    }
  }
  buffer_.clear();
  return problem;
}

std::string LogFile::Reopen() {
  if (options_.path.empty()) return "";
  std::string problem = Flush();
  const std::string reason = Open();
  return reason.empty() ? problem : "cannot open the log file '" + options_.path + "' again: " + reason;
}

std::string LogFile::Open() {
  const int fd = ::open(options_.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
  if (fd < 0) return ReasonOf(errno);
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    const int error = errno;
    ::close(fd);
    return ReasonOf(error);
  }
  Close();
  fd_ = fd;
  regular_ = S_ISREG(status.st_mode);
  size_ = static_cast<uint64_t>(status.st_size);
  period_ = PeriodOf(size_ > 0 ? ModifiedAt(status) : options_.now());
  return "";
}

void LogFile::Close() {
  if (fd_ > STDERR_FILENO) ::close(fd_);
  fd_ = -1;
}

int64_t LogFile::PeriodOf(TimePoint time) const {
  if (options_.rotate <= Duration::zero()) return 0;
  return std::chrono::duration_cast<Duration>(time.time_since_epoch()) / options_.rotate;
}

bool LogFile::MustRotate(size_t line_bytes, TimePoint now) const {
  if (!regular_ || size_ == 0 || now < retry_rotation_at_) return false;
  const bool too_large = options_.max_size > 0 && size_ + line_bytes > options_.max_size;
  return too_large || PeriodOf(now) != period_;
}

void LogFile::Rotate(TimePoint now) {
  Flush();
  // Another process, the one this one replaces, may have set the file aside already; then only open the new one.
  if (PathIsOurs()) {
    std::error_code error;
    fs::rename(options_.path, FreePartName(now), error);
    if (error) {
      retry_rotation_at_ = now + kRotationRetry;
      return;
    }
  }
  if (!Open().empty()) {
    retry_rotation_at_ = now + kRotationRetry;
    return;
  }
  retry_rotation_at_ = {};
  DeleteOldParts(now);
}

bool LogFile::PathIsOurs() const {
  struct stat ours {};
  struct stat there {};
  return ::fstat(fd_, &ours) == 0 && ::stat(options_.path.c_str(), &there) == 0 && ours.st_ino == there.st_ino &&
         ours.st_dev == there.st_dev;
}

std::string LogFile::FreePartName(TimePoint now) const {
  const std::string base = options_.path + "." + Stamp(now);
  std::string name = base;
  std::error_code error;
  for (int serial = 1; fs::exists(name, error); ++serial) name = base + "-" + std::to_string(serial);
  return name;
}

void LogFile::DeleteOldParts(TimePoint now) const {
  if (options_.keep <= Duration::zero()) return;
  const fs::path path(options_.path);
  const std::string prefix = path.filename().string() + ".";
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const auto rotated_at = ParseStamp(std::string_view(name).substr(prefix.size()));
    if (rotated_at && now - *rotated_at > options_.keep) {
      std::error_code ignored;
      fs::remove(it->path(), ignored);
    }
  }
}

}  // namespace myelin
