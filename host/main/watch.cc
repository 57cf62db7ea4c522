// SPDX-License-Identifier: Apache-2.0
#include "main/watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

#include "plugin/library.h"

namespace myelin {

namespace fs = std::filesystem;

Watch::Watch(std::vector<std::string> files)
    : files_(std::move(files)), fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "--watch");
  WatchDirectories();
  seen_ = current_ = Fingerprint();
}

Watch::~Watch() { ::close(fd_); }

// The directory that a name stands in sees renames; the one that it leads to sees writes.
void Watch::WatchDirectories() {
  std::set<std::string> directories;
  for (const std::string& file : files_) {
    std::error_code ignored;
    directories.insert(fs::absolute(file, ignored).parent_path().string());
    const fs::path real = fs::canonical(file, ignored);
    if (!real.empty()) directories.insert(real.parent_path().string());
  }
  constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB;
  for (const std::string& directory : directories) ::inotify_add_watch(fd_, directory.c_str(), kEvents);
}

std::string Watch::Fingerprint() const {
  std::string all;
  for (const std::string& file : files_) {
    std::ifstream in(file, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    all += Sha256(bytes) + (in ? "+" : "-");
  }
  return all;
}

bool Watch::Changed() {
  std::array<char, 4096> events;
  const auto now = std::chrono::steady_clock::now();
  bool touched = unsettled_ || now - looked_ >= std::chrono::seconds(1);
  while (::read(fd_, events.data(), events.size()) > 0) touched = true;
  if (!touched) return false;
  looked_ = now;
  WatchDirectories();  // the link may lead to another one
  const std::string before = std::exchange(current_, Fingerprint());
  unsettled_ = current_ != seen_ && current_ != before;
  if (current_ == seen_ || unsettled_) return false;
  seen_ = current_;
  return true;
}

}  // namespace myelin
