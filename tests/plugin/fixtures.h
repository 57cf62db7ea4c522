// SPDX-License-Identifier: Apache-2.0
//
// Where the hostile plugins of tests/fixtures lie, and a directory to arrange copies of them in.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace myelin {

inline std::string Fixture(const std::string& name) {
  return std::string(MYELIN_BUILD_DIR) + "/tests/fixtures/" + name + ".so";
}

inline std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

/// A directory of its own, removed with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    path_ = (std::filesystem::temp_directory_path() / "myelin-test-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

  /// Writes a file anew, as a package upgrade or a compiler would. Answers its path.
  std::string Write(const std::string& name, const std::string& bytes) const {
    const std::string file = path_ + "/" + name;
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
    return file;
  }
  /// Deploys a fixture under a name.
  std::string Deploy(const std::string& fixture, const std::string& name) const {
    return Write(name, ReadBytes(Fixture(fixture)));
  }

 private:
  std::string path_;
};

}  // namespace myelin
