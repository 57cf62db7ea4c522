// SPDX-License-Identifier: Apache-2.0
//
// A folder of its own and a clock that stands still, for tests of the log. Lines are written before the call returns.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/log.h"

namespace myelin::test {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using TimePoint = std::chrono::system_clock::time_point;

inline constexpr TimePoint kMorning = std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + 9h + 15min;

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    std::string pattern = (fs::temp_directory_path() / "myelin_log_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~LogTest() override { fs::remove_all(folder_); }

  LogOptions Options() {
    LogOptions options;
    options.file.path = Path("myelin.log");
    options.file.now = [this] { return now_.load(); };
    options.queue_lines = 0;
    return options;
  }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  std::string Read(const std::string& name) const {
    std::ifstream in(Path(name));
    return (std::ostringstream() << in.rdbuf()).str();
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  /// Makes a file that was last written at `time`.
  void Write(const std::string& name, const std::string& text, TimePoint time) const {
    std::ofstream(Path(name)) << text;
    fs::last_write_time(Path(name), fs::file_time_type::clock::from_sys(time));
  }

  fs::path folder_;
  std::atomic<TimePoint> now_{kMorning};
};

}  // namespace myelin::test
