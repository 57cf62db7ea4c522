// SPDX-License-Identifier: Apache-2.0
//
// A small strict parser of the text exposition format 0.0.4.
#include "admin/prometheus_text.h"

#include <cstdlib>
#include <regex>

namespace myelin::test {
namespace {

/// The family that a sample belongs to: a histogram's samples carry a suffix.
std::string FamilyOf(const PrometheusPage& page, const std::string& name) {
  if (page.types.contains(name)) return name;
  for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(suffix)) continue;
    const std::string family = name.substr(0, name.size() - suffix.size());
    const auto found = page.types.find(family);
    if (found != page.types.end() && found->second == "histogram") return family;
  }
  return "";
}

void ParseSample(PrometheusPage& page, const std::string& line) {
  static const std::regex kSample(
      R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\[\\n"])*",?)*\})? ([-+0-9.eE]+|\+Inf|NaN))re");
  std::smatch match;
  if (!std::regex_match(line, match, kSample)) {
    page.faults.push_back("no sample: " + line);
    return;
  }
  if (FamilyOf(page, match[1]).empty()) page.faults.push_back("no TYPE before: " + line);
  const std::string key = match[1].str() + match[2].str();
  if (!page.samples.emplace(key, std::strtod(match[5].str().c_str(), nullptr)).second) {
    page.faults.push_back("twice: " + key);
  }
}

void ParseType(PrometheusPage& page, const std::string& line) {
  static const std::regex kType(R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram))");
  std::smatch match;
  if (!std::regex_match(line, match, kType)) {
    page.faults.push_back("no TYPE line: " + line);
  } else if (!page.types.emplace(match[1], match[2]).second) {
    page.faults.push_back("family twice: " + line);
  }
}

}  // namespace

PrometheusPage ParsePrometheus(std::string_view text) {
  PrometheusPage page;
  if (!text.ends_with('\n')) page.faults.push_back("the last line does not end");
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1);
    const std::string line(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (line.starts_with("# TYPE ")) {
      ParseType(page, line);
    } else if (!line.empty() && !line.starts_with("# HELP ")) {
      ParseSample(page, line);
    }
  }
  return page;
}

}  // namespace myelin::test
