// SPDX-License-Identifier: Apache-2.0
//
// The command line of the plugin check.
#include <optional>

#include "plugin_check/check.h"

namespace myelin {
namespace {

constexpr int kConforming = 0;
constexpr int kNotConforming = 1;
constexpr int kUsage = 2;

constexpr char kHelp[] =
    R"(Checks whether a plugin keeps the promises of the Myelin plugin ABI.

  myelin-plugin-check FILE.so                      check all policies in it
  myelin-plugin-check FILE.so --option rate=100    give an option, needed where it has no default
  myelin-plugin-check FILE.so --option min_conn.size=4 --option 'rules=[{"method": "/a.B/*"}]'
  myelin-plugin-check FILE.so --output json        the report for programs

  --policy KIND/NAME  check only this one: limiter/token_bucket
  --time-limit 60s    how long the check of one policy may take

It loads the plugin in a child process, makes each policy, shows it endpoints, connections and calls from several
threads, checks every answer, counts allocations on the way of a call, and measures what a hook costs.
Exit code: 0 conforming, 1 not conforming, 2 wrong usage.
)";

struct Arguments {
  CheckRequest request;
  bool json = false;
  bool help = false;
};

// Puts one flag and its value in place; answers what is wrong, or "".
std::string Apply(const std::string& flag, const std::string& value, Arguments& arguments) {
  if (flag == "--output") {
    if (value != "json" && value != "text") return "--output " + value + ": accepted are text and json";
    arguments.json = value == "json";
  } else if (flag == "--option") {
    arguments.request.options.push_back(value);
  } else if (flag == "--policy") {
    arguments.request.policy = value;
  } else if (flag == "--time-limit") {
    const auto limit = ParseDuration(value);
    if (!limit || limit->count() == 0) return "--time-limit " + value + ": accepted is a duration such as 60s";
    arguments.request.time_limit = *limit;
  } else {
    return "unknown flag " + flag + ": accepted are --output, --option, --policy, --time-limit and --help";
  }
  return "";
}

std::string Parse(const std::vector<std::string>& words, Arguments& arguments) {
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--help" || word == "-h") {
      arguments.help = true;
      return "";
    }
    if (!word.starts_with("--")) {
      if (!arguments.request.file.empty()) return "one plugin at a time, not also " + word;
      arguments.request.file = word;
      continue;
    }
    const size_t equals = word.find('=');
    if (equals == std::string::npos && i + 1 == words.size()) return word + " needs a value";
    const std::string value = equals == std::string::npos ? words[++i] : word.substr(equals + 1);
    if (std::string fault = Apply(word.substr(0, equals), value, arguments); !fault.empty()) return fault;
  }
  return arguments.request.file.empty() ? "which plugin? Give a FILE.so" : "";
}

}  // namespace

int RunPluginCheck(const std::vector<std::string>& words, AllocationCounter allocations, std::ostream& out,
                   std::ostream& err) {
  Arguments arguments;
  if (const std::string fault = Parse(words, arguments); !fault.empty()) {
    err << fault << "\nTry --help.\n";
    return kUsage;
  }
  if (arguments.help) {
    out << kHelp;
    return kConforming;
  }
  arguments.request.allocations = allocations;
  const CheckReport report = CheckPlugin(arguments.request);
  out << (arguments.json ? ReportJson(report) : ReportText(report));
  return report.conforming() ? kConforming : kNotConforming;
}

}  // namespace myelin
