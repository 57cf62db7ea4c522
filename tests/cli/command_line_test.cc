// SPDX-License-Identifier: Apache-2.0
//
// What each command line means, and what a wrong one is told.
#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace myelin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Words = std::vector<std::string>;

std::string Error(const Words& words) {
  try {
    ParseCommandLine(words);
  } catch (const UsageError& error) {
    return error.ToString();
  }
  return "no error";
}

TEST(CommandLine, RunIsTheDefaultCommand) {
  for (const Words& words :
       {Words{"--config", "a.yaml"}, {"run", "--config=a.yaml"}, {"-c", "a.yaml"}, {"-ca.yaml", "run"}}) {
    const CommandLine line = ParseCommandLine(words);
    EXPECT_EQ(line.command, Command::kRun);
    EXPECT_THAT(line.config.files, ElementsAre("a.yaml"));
    EXPECT_THAT(line.config.overrides, IsEmpty());
  }
}

TEST(CommandLine, OneProxyNeedsNoFile) {
  const CommandLine line = ParseCommandLine(
      {"--listen", ":30880", "--endpoint", "127.0.0.1:50051#10", "--endpoint", "b:1", "--balancer", "min_conn"});
  ASSERT_EQ(line.config.overrides.size(), 4u);
  EXPECT_EQ(line.config.overrides[0].flag, "--listen");
  EXPECT_EQ(line.config.overrides[0].value, ":30880");
  EXPECT_EQ(line.config.overrides[2].flag, "--endpoint");
  EXPECT_EQ(line.config.overrides[2].value, "b:1");
}

TEST(CommandLine, OverridesKeepTheirOrder) {
  const CommandLine line = ParseCommandLine(
      {"--set",     "log.level=info",  "-c", "a",       "--log-level", "debug",  "--set",   "x=y=z",  "--workers",
       "2",         "--drain-timeout", "5s", "--admin", ":1",          "--pump", "generic", "--pool", "loose=size:4",
       "--limiter", "access"});
  std::string order;
  for (const Override& change : line.config.overrides) order += change.flag + " " + change.value + "|";
  EXPECT_EQ(order,
            "--set log.level=info|--log-level debug|--set x=y=z|--workers 2|--drain-timeout 5s|--admin :1|"
            "--pump generic|--pool loose=size:4|--limiter access|");
}

TEST(CommandLine, EveryCommandIsKnown) {
  EXPECT_EQ(ParseCommandLine({"check", "-c", "a"}).command, Command::kCheck);
  EXPECT_EQ(ParseCommandLine({"--check", "-c", "a"}).command, Command::kCheck);
  EXPECT_EQ(ParseCommandLine({"dump", "-c", "a"}).command, Command::kDump);
  EXPECT_THAT(ParseCommandLine({"convert", "-c", "a", "--config", "b"}).config.files, ElementsAre("a", "b"));
  EXPECT_EQ(ParseCommandLine({"convert", "-c", "a"}).command, Command::kConvert);
  EXPECT_EQ(ParseCommandLine({"reload"}).command, Command::kReload);
  EXPECT_EQ(ParseCommandLine({"reload"}).admin, "127.0.0.1:9850");
  EXPECT_EQ(ParseCommandLine({"reload", "--admin", "h:1"}).admin, "h:1");
  EXPECT_EQ(ParseCommandLine({"drain", "--admin", ":1"}).command, Command::kDrain);
  EXPECT_EQ(ParseCommandLine({"drain", "--admin", ":1"}).admin, "127.0.0.1:1");
}

TEST(CommandLine, SwapNamesAProxyAndItsPolicies) {
  const CommandLine line = ParseCommandLine(
      {"swap", "--admin", "h:1", "--proxy", "orders", "--balancer", "min_conn", "--pool", "loose=size:4"});
  EXPECT_EQ(line.command, Command::kSwap);
  EXPECT_EQ(line.admin, "h:1");
  EXPECT_EQ(line.proxy, "orders");
  EXPECT_EQ(line.balancer, "min_conn");
  EXPECT_EQ(line.pool, "loose=size:4");
  EXPECT_EQ(ParseCommandLine({"swap", "--admin", "h:1", "--proxy", "a", "--pool", "x"}).balancer, std::nullopt);
}

TEST(CommandLine, PluginsListsDescribesAndChecks) {
  EXPECT_EQ(ParseCommandLine({"plugins", "list"}).plugins_action, PluginsAction::kList);
  const CommandLine describe = ParseCommandLine({"plugins", "describe", "min_conn", "--plugin-dir", "d"});
  EXPECT_EQ(describe.command, Command::kPlugins);
  EXPECT_EQ(describe.plugins_action, PluginsAction::kDescribe);
  EXPECT_EQ(describe.plugin, "min_conn");
  EXPECT_THAT(describe.plugin_dirs, ElementsAre("d"));
  const CommandLine check = ParseCommandLine({"plugins", "check", "a.so"});
  EXPECT_EQ(check.plugins_action, PluginsAction::kCheck);
  EXPECT_EQ(check.plugin, "a.so");
}

TEST(CommandLine, OutputIsTextUnlessJsonIsAskedFor) {
  EXPECT_EQ(ParseCommandLine({"dump", "-c", "a"}).output, OutputFormat::kText);
  EXPECT_EQ(ParseCommandLine({"dump", "-c", "a", "--output", "json"}).output, OutputFormat::kJson);
  EXPECT_EQ(ParseCommandLine({"plugins", "list", "-o", "json"}).output, OutputFormat::kJson);
}

TEST(CommandLine, HelpTeachesByExamplePerCommand) {
  const CommandLine general = ParseCommandLine({"--help"});
  EXPECT_EQ(general.command, Command::kHelp);
  EXPECT_THAT(general.text, HasSubstr("myelin --listen :30880 --endpoint 127.0.0.1:50051#10"));
  for (const char* command : {"check", "dump", "convert", "plugins", "reload", "swap", "drain"}) {
    const CommandLine help = ParseCommandLine({command, "--help"});
    EXPECT_EQ(help.command, Command::kHelp);
    EXPECT_THAT(help.text, HasSubstr(std::string("\n  myelin ") + command + " "));
    EXPECT_THAT(general.text, HasSubstr(std::string("\n  ") + command + " "));
  }
}

TEST(CommandLine, HelpNamesEveryFlag) {
  const std::string help = ParseCommandLine({"-h"}).text;
  for (const std::string_view flag : OverrideFlags()) EXPECT_THAT(help, HasSubstr(flag));
}

TEST(CommandLine, VersionIsPrinted) {
  const CommandLine line = ParseCommandLine({"--version"});
  EXPECT_EQ(line.command, Command::kVersion);
  EXPECT_THAT(line.text, testing::StartsWith("myelin 1."));
}

TEST(CommandLine, WrongWordsAreNamedWithWhatIsAccepted) {
  EXPECT_THAT(Error({"chek", "-c", "a"}), HasSubstr("myelin: unknown command 'chek'; accepted: run, check"));
  EXPECT_THAT(Error({"chek", "-c", "a"}), HasSubstr("did you mean 'check'?"));
  EXPECT_THAT(Error({"orders.yaml"}), HasSubstr("did you mean --config orders.yaml?"));
  EXPECT_THAT(Error({"--confg", "a"}), HasSubstr("unknown option '--confg'"));
  EXPECT_THAT(Error({"--confg", "a"}), HasSubstr("did you mean '--config'?"));
  EXPECT_THAT(Error({"--conf", "a"}), HasSubstr("unknown option '--conf'"));
  EXPECT_THAT(Error({"-x"}), HasSubstr("unknown option '-x'"));
  EXPECT_THAT(Error({"--config"}), HasSubstr("'--config' lacks its value"));
  EXPECT_THAT(Error({"--help=yes"}), HasSubstr("'--help'"));
  EXPECT_THAT(Error({"check", "-c", "a", "b"}), HasSubstr("'b' is one word too many"));
  EXPECT_THAT(Error({"dump", "-c", "a", "--output", "jsn"}),
              HasSubstr("'jsn' is unknown; accepted: text or json, did you mean 'json'?"));
  EXPECT_THAT(Error({"check", "-c", "a", "--proxy", "b"}),
              HasSubstr("--proxy is no option of 'check'; accepted: --config"));
  EXPECT_THAT(Error({"-c", "a", "--workers", "1", "--workers", "2"}), HasSubstr("--workers is given twice"));
  EXPECT_THAT(Error({"check"}), HasSubstr("there is nothing to serve; accepted: --config FILE"));
  EXPECT_THAT(Error({}), HasSubstr("there is nothing to serve"));
  EXPECT_THAT(Error({"convert", "--listen", ":1"}), HasSubstr("convert needs a legacy file"));
}

TEST(CommandLine, WrongWordsOfTheOtherCommandsAreNamedToo) {
  EXPECT_THAT(Error({"plugins"}),
              HasSubstr("plugins lacks what to do; accepted: list, describe NAME, check FILE.so or status"));
  EXPECT_THAT(Error({"plugins", "lst"}), HasSubstr("did you mean 'list'?"));
  EXPECT_THAT(Error({"plugins", "describe"}), HasSubstr("lacks a policy"));
  EXPECT_THAT(Error({"plugins", "check"}), HasSubstr("lacks a file"));
  EXPECT_THAT(Error({"drain"}), HasSubstr("drain needs --admin ADDRESS"));
  EXPECT_THAT(Error({"swap", "--admin", "a:1", "--balancer", "x"}), HasSubstr("swap needs --proxy NAME"));
  EXPECT_THAT(Error({"swap", "--admin", "a:1", "--proxy", "x"}), HasSubstr("swap needs a policy"));
  EXPECT_THAT(Error({"reload", "--config", "x"}), HasSubstr("--config is no option of 'reload'; accepted: --admin"));
}

TEST(CommandLine, AnErrorPointsToTheHelpOfItsCommand) {
  EXPECT_THAT(Error({"plugins"}), HasSubstr("\nmyelin plugins --help shows examples"));
  EXPECT_THAT(Error({"--nope"}), HasSubstr("\nmyelin --help shows examples"));
}

}  // namespace
}  // namespace myelin
