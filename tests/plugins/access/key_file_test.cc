// SPDX-License-Identifier: Apache-2.0
//
// The file of API keys: what is read from it, and what each kind of mistake is called.
#include "access/key_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace myelin::access {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

std::string ErrorOf(const std::string& text) {
  try {
    ParseKeys(text, "keys");
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no error";
}

class KeyFileOnDisk : public testing::Test {
 protected:
  KeyFileOnDisk() {
    std::string pattern = testing::TempDir() + "/myelin_keys_XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~KeyFileOnDisk() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& text, mode_t mode = 0600) {
    const std::string path = directory_ + "/keys";
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }

  std::string directory_;
};

TEST(KeyFile, NamesKeysCommentsAndBlankLinesAreRead) {
  const auto keys =
      ParseKeys("# ours\n\nalice secret-1\r\n \t bob\tsecret-2\nsecret-3\n  # end\nalice secret-4", "keys");
  ASSERT_EQ(keys.size(), 4u);
  EXPECT_EQ(keys[0].name + "=" + keys[0].key, "alice=secret-1");
  EXPECT_EQ(keys[1].name + "=" + keys[1].key, "bob=secret-2");
  EXPECT_EQ(keys[2].name + "=" + keys[2].key, "=secret-3");
  EXPECT_EQ(keys[3].name + "=" + keys[3].key, "alice=secret-4");
}

TEST(KeyFile, MistakesNameTheirLineAndNeverTheKey) {
  EXPECT_EQ(ErrorOf("a k1\nb k2 k3\n"), "keys:2: NAME KEY or KEY is accepted, here are 3 words");
  EXPECT_EQ(ErrorOf("a k1\n\nb k1\n"), "keys:3: the key is the same as in line 1");
  EXPECT_EQ(ErrorOf("a s\xc3\xa4\n"), "keys:1: name and key may only have visible ASCII characters");
  EXPECT_EQ(ErrorOf("\xef\xbb\xbf"
                    "a k1\n"),
            "keys:1: name and key may only have visible ASCII characters");
  EXPECT_EQ(ErrorOf(std::string(257, 'x')), "keys:1: the key has 257 bytes; at most 256 are accepted");
  EXPECT_EQ(ErrorOf("# nothing\n\n"), "keys: there is no key in it; NAME KEY or KEY is accepted, one a line");
  EXPECT_EQ(ErrorOf(std::string(256, 'x')), "no error");
}

TEST_F(KeyFileOnDisk, PrivateFileIsReadWithoutAWarning) {
  const KeyFile file = ReadKeyFile(Write("alice secret\n"));
  ASSERT_EQ(file.keys.size(), 1u);
  EXPECT_EQ(file.keys[0].key, "secret");
  EXPECT_EQ(file.warning, "");
  EXPECT_EQ(ReadKeyFile(Write("alice secret\n", 0640)).warning, "");
}

TEST_F(KeyFileOnDisk, FileThatEveryoneMayReadIsWarnedAbout) {
  EXPECT_THAT(ReadKeyFile(Write("alice secret\n", 0644)).warning,
              AllOf(HasSubstr("may read the API keys (mode 0644)"), Not(HasSubstr("secret"))));
  EXPECT_THAT(ReadKeyFile(Write("alice secret\n", 0602)).warning, HasSubstr("may change the API keys (mode 0602)"));
}

TEST_F(KeyFileOnDisk, MissingEmptyAndOtherFilesAreRefused) {
  EXPECT_THAT([&] { ReadKeyFile(directory_ + "/none"); },
              ThrowsMessage<std::invalid_argument>(directory_ + "/none: cannot be read: No such file or directory"));
  EXPECT_THAT([&] { ReadKeyFile(directory_); },
              ThrowsMessage<std::invalid_argument>(directory_ + ": is not a regular file"));
  EXPECT_THAT([&] { ReadKeyFile(Write("")); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("there is no key in it")));
}

}  // namespace
}  // namespace myelin::access
