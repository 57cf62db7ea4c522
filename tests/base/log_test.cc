// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <gmock/gmock.h>

#include <array>
#include <mutex>
#include <thread>

#include "base/grpc_code.h"
#include "base/log_access.h"
#include "base/log_escape.h"
#include "base/log_fixture.h"
#include "base/log_limit.h"

namespace myelin {
namespace {

using namespace std::chrono_literals;
using test::kMorning;
using test::LogTest;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
