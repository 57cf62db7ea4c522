// SPDX-License-Identifier: Apache-2.0
//
// Writes configurations into an empty folder, stands in it, and reads them, so that messages name short paths.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "config/read_config.h"
#include "config/writer.h"

namespace myelin {

inline std::vector<std::string> Messages(const Diagnostics& diagnostics, Diagnostic::Severity severity) {
  std::vector<std::string> lines;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (diagnostic.severity == severity) lines.push_back(diagnostic.ToString());
  }
  return lines;
}

class Loading : public testing::Test {
 protected:
  Loading() {
    std::string path = testing::TempDir() + "myelin-config-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("no folder for the test");
    folder_ = path;
    before_ = std::filesystem::current_path();
    std::filesystem::current_path(folder_);
  }

  ~Loading() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

  static void Write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

  // Reads `text` as c.yaml.
  LoadedConfig& Load(const std::string& text, std::vector<Override> overrides = {}) {
    Write("c.yaml", text);
    return LoadFiles({"c.yaml"}, std::move(overrides));
  }

  LoadedConfig& LoadFiles(std::vector<std::string> files, std::vector<Override> overrides = {}) {
    diagnostics_ = Diagnostics();
    loaded_ = ReadConfig({std::move(files), std::move(overrides)}, diagnostics_);
    return loaded_;
  }

  // Likewise, of a configuration that must have no errors.
  const Config& Good(const std::string& text, std::vector<Override> overrides = {}) {
    Load(text, std::move(overrides));
    EXPECT_THAT(Errors(), testing::IsEmpty());
    return loaded_.config;
  }

  std::vector<std::string> Errors() const { return Messages(diagnostics_, Diagnostic::Severity::kError); }
  std::vector<std::string> Warnings() const { return Messages(diagnostics_, Diagnostic::Severity::kWarning); }

  Diagnostics diagnostics_;
  LoadedConfig loaded_;

 private:
  std::filesystem::path folder_;
  std::filesystem::path before_;
};

// A whole configuration around one proxy's further keys.
inline std::string WithProxyKeys(const std::string& keys) {
  std::string text = "proxies:\n  - name: orders\n    listen: :30880\n    endpoints: [10.0.0.1:50051]\n";
  size_t start = 0;
  while (start < keys.size()) {
    const size_t end = std::min(keys.find('\n', start), keys.size());
    text += "    " + keys.substr(start, end - start) + "\n";
    start = end + 1;
  }
  return text;
}

}  // namespace myelin
