// SPDX-License-Identifier: Apache-2.0
#include "base/log_file.h"

#include <gmock/gmock.h>

#include "base/diagnostics.h"
#include "base/log_fixture.h"

namespace myelin {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using test::kMorning;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class LogFileTest : public test::LogTest {};

TEST_F(LogFileTest, AFullFileIsSetAside) {
  LogOptions options = Options();
  options.file.max_size = 100;
  Logger log(options);
  for (int i = 0; i < 3; ++i) log.Info("a", std::string(40, static_cast<char>('a' + i)));
  EXPECT_THAT(Files(), ElementsAre("myelin.log", "myelin.log.20260131T091500Z", "myelin.log.20260131T091500Z-1"));
  EXPECT_THAT(Read("myelin.log.20260131T091500Z"), HasSubstr("aaaa"));
  EXPECT_THAT(Read("myelin.log.20260131T091500Z-1"), HasSubstr("bbbb"));
  EXPECT_THAT(Read("myelin.log"), HasSubstr("cccc"));
}

TEST_F(LogFileTest, APeriodThatEndsBeginsANewFile) {
  LogOptions options = Options();
  options.file.rotate = 24h;
  Logger log(options);
  log.Info("a", "saturday");
  now_ = kMorning + 14h;
  log.Info("a", "saturday too");
  now_ = kMorning + 15h;  // 00:15 UTC
  log.Info("a", "sunday");
  EXPECT_THAT(Files(), ElementsAre("myelin.log", "myelin.log.20260201T001500Z"));
  EXPECT_THAT(Read("myelin.log.20260201T001500Z"), HasSubstr("saturday too"));
  EXPECT_THAT(Read("myelin.log"), HasSubstr("sunday"));
}

TEST_F(LogFileTest, ARestartGoesOnWithTheFileOfThisPeriod) {
  Write("myelin.log", "before\n", kMorning - 1h);
  LogOptions options = Options();
  options.file.rotate = 24h;
  Logger(options).Info("a", "after");
  EXPECT_THAT(Files(), ElementsAre("myelin.log"));
  EXPECT_EQ(Read("myelin.log"), "before\n2026-01-31T09:15:00.000Z INFO  [a] after\n");
}

TEST_F(LogFileTest, ARestartSetsTheFileOfAnEarlierPeriodAside) {
  Write("myelin.log", "yesterday\n", kMorning - 10h);
  LogOptions options = Options();
  options.file.rotate = 24h;
  Logger(options).Info("a", "today");
  EXPECT_THAT(Files(), ElementsAre("myelin.log", "myelin.log.20260131T091500Z"));
  EXPECT_EQ(Read("myelin.log.20260131T091500Z"), "yesterday\n");
}

TEST_F(LogFileTest, OnlyPartsOlderThanKeepAreDeleted) {
  LogOptions options = Options();
  options.file.keep = 24h * 30;
  const std::vector<std::string> stay{"myelin.log.20260102T091500Z", "myelin.log.20250101T000000Z.gz", "myelin.log.old",
                                      "other.log.20200101T000000Z", "myelin.log.20259901T000000Z"};
  for (const auto& name : stay) Write(name, "x", kMorning - 24h * 3650);
  Write("myelin.log.20260101T091459Z", "x", kMorning);
  Write("myelin.log.20250601T000000Z-12", "x", kMorning);
  const Logger log(options);
  std::vector<std::string> expected = stay;
  expected.push_back("myelin.log");
  EXPECT_THAT(Files(), ::testing::UnorderedElementsAreArray(expected));
}

TEST_F(LogFileTest, ARotationDeletesWhatHasGrownOld) {
  LogOptions options = Options();
  options.file.rotate = 24h;
  options.file.keep = 48h;
  Logger log(options);
  for (int day = 0; day < 10; ++day) {
    now_ = kMorning + day * 24h;
    log.Info("a", "line");
  }
  EXPECT_THAT(Files(), ElementsAre("myelin.log", "myelin.log.20260207T091500Z", "myelin.log.20260208T091500Z",
                                   "myelin.log.20260209T091500Z"));
}

TEST_F(LogFileTest, ReopenFollowsAFileThatWasMoved) {
  Logger log(Options());
  log.Info("a", "first");
  fs::rename(Path("myelin.log"), Path("moved"));
  log.Info("a", "second");
  EXPECT_EQ(log.Reopen(), "");
  log.Info("a", "third");
  EXPECT_THAT(Read("moved"), HasSubstr("second"));
  EXPECT_EQ(Read("myelin.log"), "2026-01-31T09:15:00.000Z INFO  [a] third\n");
}

TEST_F(LogFileTest, AFailedReopenSaysWhyAndLosesNothing) {
  fs::create_directory(Path("sub"));
  LogOptions options = Options();
  options.file.path = Path("sub/myelin.log");
  Logger log(options);
  fs::rename(Path("sub"), Path("gone"));
  EXPECT_THAT(log.Reopen(), HasSubstr("sub/myelin.log' again: No such file or directory"));
  log.Info("a", "still here");
  EXPECT_THAT(Read("gone/myelin.log"), HasSubstr("still here"));
}

TEST_F(LogFileTest, AFileSetAsideByAnotherProcessIsNotSetAsideTwice) {
  LogOptions options = Options();
  options.file.max_size = 60;
  Logger old_process(options);
  old_process.Info("a", std::string(30, 'o'));
  Logger new_process(options);
  new_process.Info("a", std::string(30, 'n'));
  old_process.Info("a", std::string(30, 'p'));
  EXPECT_THAT(Files(), SizeIs(2));
  EXPECT_THAT(Read("myelin.log"), HasSubstr("nnnn"));
  EXPECT_THAT(Read("myelin.log"), HasSubstr("pppp"));
}

TEST_F(LogFileTest, AFileThatCannotBeOpenedIsNamedWithTheReason) {
  LogOptions options = Options();
  options.file.path = Path("no/such/folder/myelin.log");
  try {
    Logger log(options);
    FAIL() << "it opened";
  } catch (const StartupError& error) {
    EXPECT_THAT(error.diagnostics().at(0).message,
                StartsWith("cannot write the log file '" + options.file.path + "': No such file or directory; name"));
  }
  options.file.path = folder_.string();
  EXPECT_THROW(Logger{options}, StartupError);
}

}  // namespace
}  // namespace myelin
