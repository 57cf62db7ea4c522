// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <span>
#include <string_view>
#include <utility>

#include "cli/help.h"
#include "config/reader.h"

namespace myelin {
namespace {

namespace po = boost::program_options;

constexpr std::array<std::string_view, 9> kCommandNames{"run",    "check",    "dump", "convert", "plugins",
                                                        "reload", "rollback", "swap", "drain"};

// Options that take a value, beside the override flags.
constexpr std::array<std::string_view, 4> kValueOptions{"--config", "--output", "--proxy", "--canary"};
constexpr std::array<std::string_view, 5> kSwitches{"--help", "--version", "--check", "--watch", "--shadow"};

po::options_description AllOptions() {
  po::options_description options;
  auto add = [&options](const std::string& name) {
    options.add_options()(name.c_str(), po::value<std::vector<std::string>>()->composing(), "");
  };
  for (const std::string_view flag : OverrideFlags()) add(std::string(flag.substr(2)));
  add("config,c");
  add("output,o");
  add("proxy");
  add("canary");
  options.add_options()("help,h", "")("version", "")("check", "")("watch", "")("shadow", "");
  options.add_options()("word", po::value<std::vector<std::string>>(), "");
  return options;
}

std::vector<std::string_view> AcceptedOptions(Command command) {
  switch (command) {
    case Command::kPlugins:
      return {"--plugin-dir", "--config", "--set", "--admin", "--output", "--help"};
    case Command::kReload:
    case Command::kRollback:
    case Command::kDrain:
      return {"--admin", "--output", "--help"};
    case Command::kSwap:
      return {"--admin", "--proxy", "--balancer", "--pool", "--limiter", "--shadow", "--canary", "--output", "--help"};
    default:
      break;
  }
  std::vector<std::string_view> accepted{"--config", "--output", "--check", "--help", "--version"};
  if (command == Command::kRun) accepted.push_back("--watch");
  accepted.insert(accepted.end(), OverrideFlags().begin(), OverrideFlags().end());
  return accepted;
}

bool MayRepeat(std::string_view flag) {
  constexpr std::array<std::string_view, 6> kRepeatable{"--config",   "--set",     "--listen",
                                                        "--endpoint", "--limiter", "--plugin-dir"};
  return std::find(kRepeatable.begin(), kRepeatable.end(), flag) != kRepeatable.end();
}

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& arguments) { Split(arguments); }

  CommandLine Parse() {
    if (Has("--version")) return Print(Command::kVersion, VersionText());
    TakeCommand();
    if (Has("--help")) return Print(Command::kHelp, std::string(HelpText(topic_)));
    CheckOptions();
    TakeOutput();
    switch (line_.command) {
      case Command::kPlugins:
        TakePlugins();
        break;
      case Command::kReload:
      case Command::kRollback:
      case Command::kSwap:
      case Command::kDrain:
        TakeAdmin();
        break;
      default:
        TakeConfig();
    }
    if (!words_.empty()) Fail(Quoted(words_.front()) + " is one word too many");
    return std::move(line_);
  }

 private:
  struct Given {
    std::string flag;
    std::string value;
  };

  [[noreturn]] void Fail(const std::string& message) const { throw UsageError(message, topic_); }

  static CommandLine Print(Command command, std::string text) {
    CommandLine line;
    line.command = command;
    line.text = std::move(text);
    return line;
  }

  // Keeps the order in which the options were given, since a later override wins.
  void Split(const std::vector<std::string>& arguments) {
    const po::options_description options = AllOptions();
    po::positional_options_description positional;
    positional.add("word", -1);
    const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    try {
      const auto parsed = po::command_line_parser(arguments).options(options).positional(positional).style(style).run();
      for (const po::option& option : parsed.options) {
        if (option.string_key == "word") {
          words_.insert(words_.end(), option.value.begin(), option.value.end());
        } else {
          given_.push_back({"--" + option.string_key, option.value.empty() ? "" : option.value.front()});
        }
      }
    } catch (const po::unknown_option& error) {
      FailUnknown(error.get_option_name());
    } catch (const po::error_with_option_name& error) {
      Fail(Quoted(error.get_option_name()) +
           " lacks its value, or has one that it takes none of; accepted: as --help shows");
    } catch (const po::error& error) {
      Fail(error.what());
    }
  }

  [[noreturn]] void FailUnknown(const std::string& name) const {
    std::vector<std::string_view> known(OverrideFlags().begin(), OverrideFlags().end());
    known.insert(known.end(), kValueOptions.begin(), kValueOptions.end());
    known.insert(known.end(), kSwitches.begin(), kSwitches.end());
    Fail("unknown option " + Quoted(name) + "; accepted: " + OneOf(known) + DidYouMean(name, known));
  }

  void TakeCommand() {
    if (words_.empty()) {
      if (Has("--check")) line_.command = Command::kCheck;
      topic_ = Has("--check") ? "check" : "";
      return;
    }
    const std::string word = words_.front();
    const auto found = std::find(kCommandNames.begin(), kCommandNames.end(), word);
    if (found == kCommandNames.end()) {
      const bool is_file = word.find(".yaml") != std::string::npos || word.find(".yml") != std::string::npos;
      Fail("unknown command " + Quoted(word) + "; accepted: " + OneOf(kCommandNames) +
           (is_file ? ", did you mean --config " + word + "?" : DidYouMean(word, kCommandNames)));
    }
    words_.erase(words_.begin());
    line_.command = static_cast<Command>(found - kCommandNames.begin());
    topic_ = line_.command == Command::kRun ? "" : word;
    if (line_.command == Command::kRun && Has("--check")) line_.command = Command::kCheck;
  }

  void CheckOptions() const {
    const std::vector<std::string_view> accepted = AcceptedOptions(line_.command);
    std::vector<std::string_view> seen;
    for (const Given& given : given_) {
      if (std::find(accepted.begin(), accepted.end(), given.flag) == accepted.end()) {
        Fail(given.flag + " is no option of '" + topic_ + "'; accepted: " + OneOf(accepted));
      }
      const bool is_again = std::find(seen.begin(), seen.end(), given.flag) != seen.end();
      if (is_again && !MayRepeat(given.flag)) Fail(given.flag + " is given twice; accepted: once");
      seen.push_back(given.flag);
    }
  }

  bool Has(std::string_view flag) const { return Find(flag) != nullptr; }

  const std::string* Find(std::string_view flag) const {
    for (const Given& given : given_) {
      if (given.flag == flag) return &given.value;
    }
    return nullptr;
  }

  void TakeOutput() {
    constexpr std::array<std::string_view, 2> kFormats{"text", "json"};
    const std::string* format = Find("--output");
    if (format == nullptr || *format == "text") return;
    if (*format != "json") {
      Fail("--output: " + Quoted(*format) + " is unknown; accepted: text or json" + DidYouMean(*format, kFormats));
    }
    line_.output = OutputFormat::kJson;
  }

  void TakeInput() {
    const std::span<const std::string_view> overrides = OverrideFlags();
    for (const Given& given : given_) {
      if (given.flag == "--config") line_.config.files.push_back(given.value);
      if (given.flag == "--plugin-dir") line_.plugin_dirs.push_back(given.value);
      const bool is_override = std::find(overrides.begin(), overrides.end(), given.flag) != overrides.end();
      if (is_override) line_.config.overrides.push_back({given.flag, given.value});
    }
  }

  void TakeConfig() {
    TakeInput();
    line_.watch = Has("--watch");
    if (line_.watch && line_.config.files.empty()) Fail("--watch needs a file to watch; accepted: --config FILE");
    if (!line_.config.files.empty()) return;
    if (line_.command == Command::kConvert) Fail("convert needs a legacy file; accepted: --config FILE");
    const auto& overrides = line_.config.overrides;
    const bool names_endpoint = std::any_of(overrides.begin(), overrides.end(), [](const Override& change) {
      return change.flag == "--endpoint" || change.flag == "--listen" || change.flag == "--set";
    });
    if (!names_endpoint) {
      Fail("there is nothing to serve; accepted: --config FILE, or --listen ADDRESS and --endpoint ADDRESS");
    }
  }

  void TakePlugins() {
    constexpr std::array<std::string_view, 4> kActions{"list", "describe", "check", "status"};
    TakeInput();
    if (words_.empty()) Fail("plugins lacks what to do; accepted: list, describe NAME, check FILE.so or status");
    const auto found = std::find(kActions.begin(), kActions.end(), words_.front());
    if (found == kActions.end()) {
      Fail("plugins " + Quoted(words_.front()) + " is unknown; accepted: list, describe NAME, check FILE.so or status" +
           DidYouMean(words_.front(), kActions));
    }
    line_.plugins_action = static_cast<PluginsAction>(found - kActions.begin());
    words_.erase(words_.begin());
    TakeAdminAddress();
    if (line_.plugins_action == PluginsAction::kList || line_.plugins_action == PluginsAction::kStatus) return;
    if (words_.empty()) {
      Fail(line_.plugins_action == PluginsAction::kDescribe
               ? "plugins describe lacks a policy; accepted: its name or a path"
               : "plugins check lacks a file; accepted: a path to a .so");
    }
    line_.plugin = words_.front();
    words_.erase(words_.begin());
  }

  void TakeAdminAddress() {
    const std::string* admin = Find("--admin");
    line_.admin = admin == nullptr ? kDefaultAdmin : *admin;
    if (line_.admin.starts_with(":")) line_.admin = "127.0.0.1" + line_.admin;
  }

  void TakeAdmin() {
    const std::string* admin = Find("--admin");
    if (admin == nullptr && line_.command != Command::kReload && line_.command != Command::kRollback)
      Fail(topic_ + " needs --admin ADDRESS; accepted: as 127.0.0.1:9850");
    TakeAdminAddress();
    if (line_.command != Command::kSwap) return;
    const std::string* proxy = Find("--proxy");
    if (proxy == nullptr || proxy->empty()) Fail("swap needs --proxy NAME");
    line_.proxy = *proxy;
    if (const std::string* balancer = Find("--balancer")) line_.balancer = *balancer;
    if (const std::string* pool = Find("--pool")) line_.pool = *pool;
    for (const Given& given : given_) {
      if (given.flag == "--limiter") line_.limiters.push_back(given.value);
    }
    if (!line_.balancer && !line_.pool && line_.limiters.empty())
      Fail("swap needs a policy; accepted: --balancer, --pool or --limiter, each NAME[=options]");
    line_.shadow = Has("--shadow");
    if (const std::string* canary = Find("--canary")) line_.canary = *canary;
    if (line_.shadow && line_.canary) Fail("--shadow and --canary exclude each other; accepted: one of them");
  }

  std::vector<Given> given_;
  std::vector<std::string> words_;
  std::string topic_;
  CommandLine line_;
};

}  // namespace

std::string UsageError::ToString() const {
  const std::string command = topic_.empty() ? "" : " " + topic_;
  return "myelin: " + std::string(what()) + "\nmyelin" + command + " --help shows examples";
}

CommandLine ParseCommandLine(const std::vector<std::string>& arguments) { return Parser(arguments).Parse(); }

}  // namespace myelin
