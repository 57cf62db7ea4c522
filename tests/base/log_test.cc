// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/diagnostics.h"
#include "base/grpc_code.h"
#include "base/log_access.h"
#include "base/log_escape.h"
#include "base/log_limit.h"

namespace myelin {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using TimePoint = std::chrono::system_clock::time_point;

constexpr TimePoint kMorning = std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + 9h + 15min;

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

TEST_F(LogTest, ATextLineHasTimeLevelComponentAndFields) {
  Logger log(Options());
  log.Info("proxy", "listening", {{"proxy", "orders"}, {"port", 30880}, {"share", 0.5}, {"tls", false}});
  EXPECT_EQ(Read("myelin.log"),
            "2026-01-31T09:15:00.000Z INFO  [proxy] listening proxy=orders port=30880 share=0.5 tls=false\n");
}

TEST_F(LogTest, AJsonLineHasAKeyForEachField) {
  LogOptions options = Options();
  options.format = LogFormat::kJson;
  Logger log(options);
  log.Warning("plugin", "a \"strike\"", {{"policy", "min_conn"}, {"index", uint64_t{18446744073709551615u}}});
  EXPECT_EQ(Read("myelin.log"), R"({"time":"2026-01-31T09:15:00.000Z","level":"warning","component":"plugin",)"
                                R"("message":"a \"strike\"","policy":"min_conn","index":18446744073709551615})"
                                "\n");
}

TEST_F(LogTest, LinesBelowTheLevelAreNotWritten) {
  LogOptions options = Options();
  options.level = LogLevel::kWarning;
  Logger log(options);
  EXPECT_FALSE(log.Enabled(LogLevel::kInfo));
  log.Info("a", "quiet");
  log.SetLevel(LogLevel::kInfo);
  log.Info("a", "loud");
  log.SetLevel(LogLevel::kOff);
  log.Critical("a", "off is off");
  EXPECT_EQ(Read("myelin.log"), "2026-01-31T09:15:00.000Z INFO  [a] loud\n");
}

TEST_F(LogTest, NothingAPeerSendsCanForgeALine) {
  Logger log(Options());
  log.Info("access", "a\nb\x1b[2J", {{"method", "/x level=error\n2026 INFO forged \"q\" \\"}, {"tenant", ""}});
  EXPECT_EQ(Read("myelin.log"),
            "2026-01-31T09:15:00.000Z INFO  [access] a\\nb\\u001b[2J "
            "method=\"/x level=error\\n2026 INFO forged \\\"q\\\" \\\\\" tenant=\"\"\n");
}

TEST(LogEscape, WhatIsNoUtf8OrSteersATerminalIsEscaped) {
  const auto text = [](std::string_view in) {
    std::string out;
    AppendPrintable(out, in);
    return out;
  };
  EXPECT_EQ(text("Grüße 日本 🦊"), "Grüße 日本 🦊");
  EXPECT_EQ(text("\xff\xc0\xaf"), "\\xff\\xc0\\xaf");                    // never valid; overlong
  EXPECT_EQ(text("\xed\xa0\x80\xe2\x82"), "\\xed\\xa0\\x80\\xe2\\x82");  // a surrogate; cut short
  EXPECT_EQ(text("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");           // above U+10FFFF
  EXPECT_EQ(text("\xc2\x9b[2J \xe2\x80\xae"), "\\u009b[2J \\u202e");     // a C1 control; right-to-left override
}

TEST(LogEscape, JsonStringsAreValidForEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  std::string out;
  AppendJsonString(out, bytes);
  for (const char c : out) EXPECT_GE(static_cast<unsigned char>(c), 0x20u);
  EXPECT_THAT(out, HasSubstr(R"(\u0000\u0001)"));
  EXPECT_THAT(out, HasSubstr(R"(!\"#)"));
  EXPECT_THAT(out, HasSubstr(R"([\\])"));
  EXPECT_EQ(ReplaceInvalidUtf8(out), out);
}

TEST(LogEscape, APrefixSplitsNoCharacter) {
  EXPECT_EQ(Utf8Prefix("aé", 2), "a");
  EXPECT_EQ(Utf8Prefix("aé", 3), "aé");
  EXPECT_EQ(Utf8Prefix("🦊", 3), "");
}

TEST(LogFormat, AHugeValueIsCut) {
  const std::string huge(1 << 20, 'x');
  const std::array<LogField, 1> fields{LogField{"key", huge}};
  EXPECT_LT(RenderLogLine(LogFormat::kText, {kMorning, LogLevel::kInfo, "a", huge, fields}).size(), 10000u);
}

TEST(LogFormat, LevelNamesReadBack) {
  for (const auto level : {LogLevel::kTrace, LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError,
                           LogLevel::kCritical, LogLevel::kOff}) {
    EXPECT_EQ(ParseLogLevel(LogLevelName(level)), level);
  }
  EXPECT_EQ(ParseLogLevel("warn"), LogLevel::kWarning);
  EXPECT_EQ(ParseLogLevel("loud"), std::nullopt);
  EXPECT_EQ(ParseLogFormat("xml"), std::nullopt);
}

TEST_F(LogTest, AFullFileIsSetAside) {
  LogOptions options = Options();
  options.file.max_size = 100;
  Logger log(options);
  for (int i = 0; i < 3; ++i) log.Info("a", std::string(40, static_cast<char>('a' + i)));
  EXPECT_THAT(Files(), ElementsAre("myelin.log", "myelin.log.20260131T091500Z", "myelin.log.20260131T091500Z-1"));
  EXPECT_THAT(Read("myelin.log.20260131T091500Z"), HasSubstr("aaaa"));
  EXPECT_THAT(Read("myelin.log.20260131T091500Z-1"), HasSubstr("bbbb"));
  EXPECT_THAT(Read("myelin.log"), HasSubstr("cccc"));
}

TEST_F(LogTest, APeriodThatEndsBeginsANewFile) {
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

TEST_F(LogTest, ARestartGoesOnWithTheFileOfThisPeriod) {
  Write("myelin.log", "before\n", kMorning - 1h);
  LogOptions options = Options();
  options.file.rotate = 24h;
  Logger(options).Info("a", "after");
  EXPECT_THAT(Files(), ElementsAre("myelin.log"));
  EXPECT_EQ(Read("myelin.log"), "before\n2026-01-31T09:15:00.000Z INFO  [a] after\n");
}

TEST_F(LogTest, ARestartSetsTheFileOfAnEarlierPeriodAside) {
  Write("myelin.log", "yesterday\n", kMorning - 10h);
  LogOptions options = Options();
  options.file.rotate = 24h;
  Logger(options).Info("a", "today");
  EXPECT_THAT(Files(), ElementsAre("myelin.log", "myelin.log.20260131T091500Z"));
  EXPECT_EQ(Read("myelin.log.20260131T091500Z"), "yesterday\n");
}

TEST_F(LogTest, OnlyPartsOlderThanKeepAreDeleted) {
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

TEST_F(LogTest, ARotationDeletesWhatHasGrownOld) {
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

TEST_F(LogTest, ReopenFollowsAFileThatWasMoved) {
  Logger log(Options());
  log.Info("a", "first");
  fs::rename(Path("myelin.log"), Path("moved"));
  log.Info("a", "second");
  EXPECT_EQ(log.Reopen(), "");
  log.Info("a", "third");
  EXPECT_THAT(Read("moved"), HasSubstr("second"));
  EXPECT_EQ(Read("myelin.log"), "2026-01-31T09:15:00.000Z INFO  [a] third\n");
}

TEST_F(LogTest, AFailedReopenSaysWhyAndLosesNothing) {
  fs::create_directory(Path("sub"));
  LogOptions options = Options();
  options.file.path = Path("sub/myelin.log");
  Logger log(options);
  fs::rename(Path("sub"), Path("gone"));
  EXPECT_THAT(log.Reopen(), HasSubstr("sub/myelin.log' again: No such file or directory"));
  log.Info("a", "still here");
  EXPECT_THAT(Read("gone/myelin.log"), HasSubstr("still here"));
}

TEST_F(LogTest, AFileSetAsideByAnotherProcessIsNotSetAsideTwice) {
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

TEST_F(LogTest, AFileThatCannotBeOpenedIsNamedWithTheReason) {
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

TEST_F(LogTest, TheQueueLosesNothingThatItHasRoomFor) {
  LogOptions options = Options();
  options.queue_lines = 8192;
  {
    Logger log(options);
    std::vector<std::thread> workers;
    for (int worker = 0; worker < 4; ++worker) {
      workers.emplace_back([&log, worker] {
        for (int i = 0; i < 1000; ++i) log.Info("a", "line", {{"worker", worker}, {"i", i}});
      });
    }
    for (auto& worker : workers) worker.join();
    EXPECT_TRUE(log.Flush(20s));
    const std::string text = Read("myelin.log");
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4000);
    log.Info("a", "the last one");
  }
  EXPECT_THAT(Read("myelin.log"), HasSubstr("the last one\n"));
}

TEST_F(LogTest, AFullQueueDropsTheOldestLinesAndSaysSo) {
  std::mutex gate;
  LogOptions options = Options();
  options.queue_lines = 4;
  options.file.max_size = 1 << 20;
  const std::thread::id here = std::this_thread::get_id();
  options.file.now = [&, here] {
    if (std::this_thread::get_id() != here) std::lock_guard wait(gate);  // the log's thread stands still meanwhile
    return kMorning;
  };
  std::unique_lock closed(gate);
  {
    Logger log(options);
    for (int i = 0; i < 100; ++i) log.Info("a", "line", {{"i", i}});
    EXPECT_GE(log.dropped_lines(), 95u);
    closed.unlock();
  }
  EXPECT_THAT(Read("myelin.log"), HasSubstr("i=99\n"));
  EXPECT_THAT(Read("myelin.log"), HasSubstr("WARN  [log] lines were dropped here"));
}

TEST_F(LogTest, ALimitKeepsLinesBackAndSaysHowMany) {
  Logger log(Options());
  LogLimit limit(2);
  for (int i = 0; i < 125; ++i) limit.Write(log, LogLevel::kWarning, "plugin", "strike");
  now_ = kMorning + 1s;
  for (int i = 0; i < 2; ++i) limit.Write(log, LogLevel::kWarning, "plugin", "strike", {{"policy", "p"}});
  EXPECT_EQ(Read("myelin.log"),
            "2026-01-31T09:15:00.000Z WARN  [plugin] strike\n"
            "2026-01-31T09:15:00.000Z WARN  [plugin] strike\n"
            "2026-01-31T09:15:01.000Z WARN  [plugin] strike (and 123 more) policy=p\n"
            "2026-01-31T09:15:01.000Z WARN  [plugin] strike policy=p\n");
}

TEST(LogLimit, ManyThreadsShareOneAllowance) {
  LogLimit limit(10);
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) admitted += limit.Admit(kMorning).has_value() ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(admitted, 10);
  EXPECT_EQ(limit.Admit(kMorning + 1s), 3990u);
}

AccessRecord SampleRecord() {
  AccessRecord record;
  record.proxy = "orders";
  record.method = "/shop.v1.Cart/Get";
  record.peer = "10.1.2.3:4567";
  record.endpoint = "10.0.0.1:50051";
  record.grpc_status = 14;
  record.message = "connection refused";
  record.duration_ns = 12'345'678;
  record.upstream_ns = 1'500'000;
  record.bytes_sent = 32;
  record.bytes_received = 64;
  record.attempts = 2;
  return record;
}

TEST_F(LogTest, AnAccessLineTellsACall) {
  Logger log(Options());
  LogAccess(log, true, SampleRecord());
  EXPECT_EQ(Read("myelin.log"),
            "2026-01-31T09:15:00.000Z INFO  [access] call proxy=orders method=/shop.v1.Cart/Get peer=10.1.2.3:4567 "
            "endpoint=10.0.0.1:50051 grpc_status=14 grpc_code=UNAVAILABLE duration_ms=12.345 bytes_sent=32 "
            "bytes_received=64 attempts=2 upstream_ms=1.5 reason=\"connection refused\"\n");
}

TEST_F(LogTest, AccessLinesComeAtDebugOrWhenAskedFor) {
  LogOptions options = Options();
  options.level = LogLevel::kWarning;
  Logger log(options);
  LogAccess(log, false, SampleRecord());
  EXPECT_THAT(Read("myelin.log"), IsEmpty());
  LogAccess(log, true, SampleRecord());
  EXPECT_THAT(Read("myelin.log"), HasSubstr("INFO  [access]"));
  log.SetLevel(LogLevel::kDebug);
  LogAccess(log, false, SampleRecord());
  EXPECT_THAT(Read("myelin.log"), HasSubstr("DEBUG [access]"));
  log.SetLevel(LogLevel::kOff);
  EXPECT_FALSE(AccessEnabled(log, true));
}

TEST(GrpcCode, AnyNumberHasAName) {
  EXPECT_EQ(GrpcCodeName(0), "OK");
  EXPECT_EQ(GrpcCodeName(14), "UNAVAILABLE");
  EXPECT_EQ(GrpcCodeName(16), "UNAUTHENTICATED");
  EXPECT_EQ(GrpcCodeName(17), "UNKNOWN_CODE");
}

}  // namespace
}  // namespace myelin
