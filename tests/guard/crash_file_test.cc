// SPDX-License-Identifier: Apache-2.0
//
// What a host remembers of crashes, and the handler that notes them, in processes that crash.
#include "guard/crash_file.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "guard/crash_handler.h"
#include "guard/threads.h"

namespace myelin::test {
namespace {

using ::testing::HasSubstr;

class CrashFileTest : public ::testing::Test {
 protected:
  CrashFileTest() : folder_((std::filesystem::temp_directory_path() / "myelin_crash_XXXXXX").string()) {
    if (::mkdtemp(folder_.data()) == nullptr) std::abort();
    path_ = folder_ + "/crash";
    LogOptions options;
    options.file.path = folder_ + "/log";
    options.queue_lines = 0;
    log_ = std::make_unique<Logger>(options);
  }
  ~CrashFileTest() override {
    log_.reset();
    std::filesystem::remove_all(folder_);
  }

  static std::string Read(const std::string& path) {
    std::ifstream in(path);
    return (std::ostringstream() << in.rdbuf()).str();
  }
  std::string Log() { return Read(folder_ + "/log"); }

  /// A process that runs `crash` inside of a hook; answers how it ended.
  int InHook(void (*crash)()) {
    const pid_t child = ::fork();
    if (child == 0) {
      CrashFile file(path_, *log_);
      PolicyGuard guard(policy_, {}, *log_);
      InstallCrashHandler(file.descriptor());
      GuardThisThread("a worker", true);
      HookSite& site = guard.AddSite(Hook::kPick);
      EnterHook(site, 0, [&] {
        crash();
        return 0;
      });
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }

  std::string folder_;
  std::string path_;
  std::unique_ptr<Logger> log_;
  const PolicyIdentity policy_{"orders", "balancer", "mine", "/p/\"mine\".so", "1.2", "0123456789abcdef", 4};
};

TEST_F(CrashFileTest, ACrashInAHookIsNotedAndToldOfOnce) {
  const int status = InHook([] { std::abort(); });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGABRT);
  {
    const CrashFile file(path_, *log_);
    const CrashRecord* record = file.Find(policy_);
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(record->Describe(), "by SIGABRT in its pick");
    EXPECT_EQ(record->policy.file, policy_.file);
    EXPECT_EQ(record->policy.generation, 4u);
  }
  const std::string first = Log();
  EXPECT_THAT(first, ::testing::ContainsRegex("an earlier run crashed by SIGABRT in its pick: balancer 'mine' 1.2"));
  const CrashFile again(path_, *log_);
  EXPECT_NE(again.Find(policy_), nullptr) << "it is still left out";
  EXPECT_EQ(Log(), first) << "but not told of again";
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // these have their own ends
TEST_F(CrashFileTest, AStackThatIsUsedUpIsACrashLikeAnother) {
  const int status = InHook([] {
    struct Deep {
      static int Down(volatile char* above, uint64_t left) {
        volatile char here[4096];
        here[0] = above[0];
        return left == 0 ? 0 : Down(here, left - 1) + here[1];
      }
    };
    volatile char first[1] = {0};
    Deep::Down(first, uint64_t{1} << 40);
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGSEGV);
  EXPECT_NE(CrashFile(path_, *log_).Find(policy_), nullptr);
}
#endif

TEST_F(CrashFileTest, AnotherFileOfTheSameNameIsNotTheOneThatCrashed) {
  InHook([] { std::abort(); });
  const CrashFile file(path_, *log_);
  PolicyIdentity other = policy_;
  other.hash = "ffff";
  EXPECT_EQ(file.Find(other), nullptr);
  other = policy_;
  other.kind = "pool";
  EXPECT_EQ(file.Find(other), nullptr);
}

TEST_F(CrashFileTest, WhatIsForgottenStaysForgotten) {
  InHook([] { std::abort(); });
  CrashFile(path_, *log_).Forget("balancer", "mine");
  EXPECT_EQ(CrashFile(path_, *log_).Find(policy_), nullptr);
}

TEST_F(CrashFileTest, GarbageInTheFileIsPassedOver) {
  std::ofstream(path_) << "{\"hash\":7}\nnonsense\n[]\n\n{\"policy\":\"mine\"";
  InHook([] { std::abort(); });
  const CrashFile file(path_, *log_);
  std::ofstream(path_, std::ios::app)
      << "{\"kind\":\"balancer\",\"policy\":\"mine\",\"hash\":\"ab\",\"hook\":\"pick\"}\n";
  PolicyIdentity other = policy_;
  other.hash = "ab";
  EXPECT_NE(CrashFile(path_, *log_).Find(other), nullptr);
}

TEST_F(CrashFileTest, AFileThatIsALinkIsNotUsed) {
  std::filesystem::create_symlink(folder_ + "/elsewhere", path_);
  const CrashFile file(path_, *log_);
  EXPECT_EQ(file.descriptor(), -1);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/elsewhere"));
  EXPECT_THAT(Log(), HasSubstr("crashes cannot be noted in " + path_));
}

TEST_F(CrashFileTest, EachConfigurationHasAFileOfItsOwn) {
  ::setenv("STATE_DIRECTORY", "/var/lib/myelin", 1);
  const std::string one = CrashFile::DefaultPath({"/etc/one.yaml"});
  EXPECT_THAT(one, ::testing::StartsWith("/var/lib/myelin/myelin-"));
  EXPECT_NE(one, CrashFile::DefaultPath({"/etc/two.yaml"}));
  ::unsetenv("STATE_DIRECTORY");
}

}  // namespace
}  // namespace myelin::test
