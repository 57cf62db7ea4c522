// SPDX-License-Identifier: Apache-2.0
//
// The plugin check, on plugins with one fault each. The program itself is run for what only it can see: allocations.
#include "plugin_check/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

#include "plugin/fixtures.h"

namespace myelin {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

CheckReport Check(const std::string& fixture, const std::vector<std::string>& options = {}) {
  CheckRequest request;
  request.file = Fixture(fixture);
  request.options = options;
  return CheckPlugin(request);
}

std::vector<std::string> Errors(const std::vector<Finding>& findings) {
  std::vector<std::string> errors;
  for (const Finding& finding : findings) {
    if (finding.error) errors.push_back(finding.text);
  }
  return errors;
}

TEST(PluginCheckTest, SoundPluginConforms) {
  const CheckReport report = Check("sound");
  EXPECT_TRUE(report.conforming()) << ReportText(report);
  EXPECT_EQ(report.plugin, "sound 1.2.3 by Myelin tests, ABI 1.0");
  ASSERT_THAT(report.policies, SizeIs(1));
  EXPECT_THAT(report.policies[0].costs, SizeIs(4));
  EXPECT_THAT(report.policies[0].shares, SizeIs(4));
}

TEST(PluginCheckTest, PicksThatIgnoreWeightZeroAreAWarning) {
  const CheckReport report = Check("sound");
  ASSERT_THAT(report.policies[0].findings, SizeIs(1));
  EXPECT_FALSE(report.policies[0].findings[0].error);
  EXPECT_THAT(report.policies[0].findings[0].text, HasSubstr("to an endpoint of weight 0"));
}

TEST(PluginCheckTest, FileThatIsNoPluginDoesNotConform) {
  const CheckReport report = Check("no_entry");
  EXPECT_THAT(Errors(report.findings), Contains(HasSubstr("does not export myelin_plugin_v1")));
  EXPECT_THAT(report.policies, IsEmpty());
  EXPECT_FALSE(report.conforming());
}

TEST(PluginCheckTest, AnswersOutOfRangeAreFound) {
  const CheckReport report = Check("bad_index");
  ASSERT_THAT(report.policies, SizeIs(2));
  EXPECT_THAT(Errors(report.policies[0].findings),
              Contains(StartsWith("pick answers endpoint 30 where there are 30 (")));
  EXPECT_THAT(Errors(report.policies[1].findings),
              Contains(StartsWith("acquire answers connection 3 where there are 3 (")));
}

TEST(PluginCheckTest, UnknownVerdictsAreFoundInEveryKind) {
  const CheckReport report = Check("bad_verdict");
  ASSERT_THAT(report.policies, SizeIs(3));
  for (const PolicyReport& policy : report.policies) {
    EXPECT_THAT(Errors(policy.findings), Contains(HasSubstr("answers the verdict 77, which does not exist")));
  }
}

TEST(PluginCheckTest, ExceptionsOfTheWrapperAreFound) {
  const CheckReport report = Check("throwing");
  ASSERT_THAT(report.policies, SizeIs(4));
  EXPECT_THAT(Errors(report.policies[0].findings), Contains(HasSubstr("the C++ wrapper caught an exception")));
  EXPECT_THAT(Errors(report.policies[1].findings),
              Contains(AllOf(StartsWith("create fails with code -6"), HasSubstr("thrown by the constructor"))));
}

TEST(PluginCheckTest, CrashIsSurvivedAndNamed) {
  const CheckReport report = Check("crashing");
  ASSERT_THAT(report.policies, SizeIs(1));
  // Under a sanitizer the process ends by itself.
  EXPECT_THAT(Errors(report.policies[0].findings),
              Contains(AllOf(::testing::AnyOf(StartsWith("it crashes with SIGSEGV"), StartsWith("it ends the process")),
                             HasSubstr("during: pick among 1 endpoints"))));
}

TEST(PluginCheckTest, HangEndsWithTheTimeLimit) {
  CheckRequest request;
  request.file = Fixture("hanging");
  request.time_limit = std::chrono::milliseconds(300);
  const CheckReport report = CheckPlugin(request);
  ASSERT_THAT(report.policies, SizeIs(1));
  EXPECT_THAT(Errors(report.policies[0].findings),
              Contains(AllOf(HasSubstr("does not come back within 300ms"), HasSubstr("during: pick"))));
}

TEST(PluginCheckTest, OptionsAreGivenByNameOrByPolicyAndName) {
  EXPECT_TRUE(Check("sound", {"size=5"}).conforming());
  EXPECT_TRUE(Check("sound", {"sound.size=5"}).conforming());
  EXPECT_THAT(Errors(Check("sound", {"size=500"}).policies[0].findings), Contains(HasSubstr("from 1 to 64")));
  EXPECT_THAT(Errors(Check("sound", {"sise=5"}).findings), Contains(HasSubstr("sise=5 means no policy")));
  EXPECT_THAT(Errors(Check("sound", {"sound.sise=5"}).policies[0].findings),
              Contains(HasSubstr("did you mean 'size'")));
}

TEST(PluginCheckTest, LeavesNothingBehind) {
  const TemporaryDirectory scratch;
  const char* before = std::getenv("TMPDIR");
  const std::string old = before != nullptr ? before : "";
  ::setenv("TMPDIR", scratch.path().c_str(), 1);
  Check("crashing");
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
  if (before != nullptr) {
    ::setenv("TMPDIR", old.c_str(), 1);
  } else {
    ::unsetenv("TMPDIR");
  }
}

TEST(PluginCheckReportTest, PlotMarksWhatTheWeightIsDue) {
  CheckReport report;
  report.policies.push_back({"balancer", "b", {}, {}, {{"a:1", 1, 75}, {"b:1", 1, 25}}});
  EXPECT_THAT(ReportText(report), AllOf(HasSubstr("50.0 %  75.0 %  #########################|############\n"),
                                        HasSubstr("50.0 %  25.0 %  #############            |\n")));
}

// What the command answers, and what it prints.
struct Ran {
  int code;
  std::string out;
  std::string err;
};

Ran RunCommand(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = RunPluginCheck(arguments, nullptr, out, err);
  return {code, out.str(), err.str()};
}

TEST(PluginCheckCommandTest, WrongUsageIsTwo) {
  EXPECT_EQ(RunCommand({}).code, 2);
  EXPECT_EQ(RunCommand({"a.so", "b.so"}).code, 2);
  EXPECT_EQ(RunCommand({"a.so", "--option"}).code, 2);
  EXPECT_EQ(RunCommand({"a.so", "--time-limit", "soon"}).code, 2);
  const Ran xml = RunCommand({"a.so", "--output=xml"});
  EXPECT_EQ(xml.code, 2);
  EXPECT_THAT(xml.err, HasSubstr("accepted are text and json"));
}

TEST(PluginCheckCommandTest, HelpTeachesByExample) {
  const Ran help = RunCommand({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("--option rate=100"));
}

TEST(PluginCheckCommandTest, JsonIsForPrograms) {
  const Ran ran = RunCommand({Fixture("bad_verdict"), "--output", "json"});
  EXPECT_EQ(ran.code, 1);
  const auto json = nlohmann::json::parse(ran.out);
  EXPECT_EQ(json["conforming"], false);
  EXPECT_EQ(json["policies"].size(), 3u);
  EXPECT_EQ(json["policies"][0]["findings"][0]["severity"], "error");
}

Ran RunProgram(const std::string& arguments) {
  const std::string command = std::string(MYELIN_BUILD_DIR) + "/bin/myelin-plugin-check " + arguments;
  FILE* pipe = ::popen(command.c_str(), "r");
  Ran ran{-1, "", ""};
  std::array<char, 4096> bytes;
  for (size_t got = 1; pipe != nullptr && got > 0;) {
    got = ::fread(bytes.data(), 1, bytes.size(), pipe);
    ran.out.append(bytes.data(), got);
  }
  if (pipe != nullptr) ran.code = WEXITSTATUS(::pclose(pipe));
  return ran;
}

TEST(PluginCheckProgramTest, AllocationOnTheWayOfACallDoesNotConform) {
  const Ran ran = RunProgram(Fixture("allocating"));
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, HasSubstr("error: admit allocates on the way of a call"));
}

TEST(PluginCheckProgramTest, PluginThatDoesNotAllocateConforms) {
  const Ran ran = RunProgram(Fixture("two_policies"));
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("balancer second_of_two: conforms"), HasSubstr("pool pool_of_two: conforms")));
}

}  // namespace
}  // namespace myelin
