// SPDX-License-Identifier: Apache-2.0
#include "plugin_check/wire.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

namespace myelin {
namespace {

using Json = nlohmann::json;

std::string Line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

void ReportWriter::Stage(const std::string& text) { Write(Line({{"stage", text}})); }
void ReportWriter::Error(const std::string& text) { Write(Line({{"error", text}})); }
void ReportWriter::Warning(const std::string& text) { Write(Line({{"warning", text}})); }
void ReportWriter::Plugin(const std::string& text) { Write(Line({{"plugin", text}})); }

void ReportWriter::Policy(const std::string& kind, const std::string& name) {
  Write(Line({{"policy", name}, {"kind", kind}}));
}

void ReportWriter::Cost(const HookCost& cost) {
  Json json{{"cost", cost.hook}, {"size", cost.size}, {"ns", cost.median_ns}};
  if (cost.allocations_per_1000) json["allocations"] = *cost.allocations_per_1000;
  Write(Line(json));
}

void ReportWriter::Picked(const Share& share) {
  Write(Line({{"share", share.address}, {"weight", share.weight}, {"picks", share.picks}}));
}

void ReportWriter::Write(const std::string& line) {
  const std::lock_guard lock(mutex_);
  size_t done = 0;
  while (done < line.size()) {
    const ssize_t put = ::write(descriptor_, line.data() + done, line.size() - done);
    if (put <= 0) return;  // the parent has gone; nobody is left to tell
    done += static_cast<size_t>(put);
  }
}

void ReportReader::Take(const std::string& line) {
  // A plugin may have written to the pipe too: what is no report is passed over.
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return;
  if (json.contains("stage")) stage_ = json["stage"];
  if (json.contains("plugin")) plugin_ = json["plugin"];
  if (json.contains("error")) report_.findings.push_back({true, json["error"]});
  if (json.contains("warning")) report_.findings.push_back({false, json["warning"]});
  if (json.contains("policy")) policies_.push_back({json["kind"], json["policy"], {}, {}, {}});
  if (json.contains("share")) report_.shares.push_back({json["share"], json["weight"], json["picks"]});
  if (json.contains("cost")) {
    HookCost cost{json["cost"], json["size"], json["ns"], std::nullopt};
    if (json.contains("allocations")) cost.allocations_per_1000 = json["allocations"].get<uint64_t>();
    report_.costs.push_back(std::move(cost));
  }
}

}  // namespace myelin
