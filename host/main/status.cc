// SPDX-License-Identifier: Apache-2.0
//
// `myelin plugins status`: the policies of a running myelin, from what its admin listener says of them.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "admin/client.h"
#include "main/commands.h"
#include "plugin/text_table.h"

namespace myelin {
namespace {

using Json = nlohmann::ordered_json;

// Three digits are more than a time that was sampled is worth.
std::string TimeText(double seconds) {
  char text[32];
  const char* unit = seconds < 1e-6 ? "ns" : seconds < 1e-3 ? "us" : seconds < 1 ? "ms" : "s";
  const double scale = seconds < 1e-6 ? 1e9 : seconds < 1e-3 ? 1e6 : seconds < 1 ? 1e3 : 1;
  std::snprintf(text, sizeof(text), "%.3g%s", seconds * scale, unit);
  return text;
}

std::string HookText(const Json& hook) {
  return hook["hook"].get<std::string>() + " " + TimeText(hook["p50_seconds"]) + "/" + TimeText(hook["p99_seconds"]) +
         "/" + TimeText(hook["max_seconds"]);
}

bool IsOnTheWayOfACall(const Json& hook) {
  const std::string name = hook["hook"];
  return name == "pick" || name == "acquire" || name == "admit" || name == "done" || name == "tick";
}

std::string Share(const Json& part, const Json& whole) {
  const auto all = whole.get<double>();
  char text[64];
  std::snprintf(text, sizeof(text), "%.3g%% of %.0f", all == 0 ? 0 : 100 * part.get<double>() / all, all);
  return text;
}

// "canary for 5%: 0% of 210 failed, beside it 0% of 3990"
std::string State(const Json& policy) {
  if (policy["quarantined"]) return "quarantined";
  const Json& trial = policy["trial"];
  if (trial.is_null()) return "at work";
  const std::string kind = trial["kind"];
  if (trial["rolled_back"]) return kind + ", rolled back";
  if (kind == "shadow") return "shadow: " + Share(trial["diverged"], trial["asked"]) + " differ";
  char share[32];
  std::snprintf(share, sizeof(share), "%.3g%%", 100 * trial["share"].get<double>());
  return "canary for " + std::string(share) + ": " + Share(trial["failed"], trial["calls"]) + " failed, beside it " +
         Share(trial["failed_beside"], trial["calls_beside"]);
}

std::vector<std::string> Row(const std::string& proxy, const Json& policy) {
  std::string times;
  for (const Json& hook : policy["hooks"]) {
    if (!IsOnTheWayOfACall(hook) || hook["calls"] == 0) continue;
    times += (times.empty() ? "" : ", ") + HookText(hook);
  }
  const auto text = [&](const char* key) { return policy[key].get<std::string>(); };
  return {proxy,
          text("kind"),
          text("name"),
          text("version"),
          std::to_string(policy["generation"].get<uint64_t>()),
          std::to_string(policy["strikes"].get<uint64_t>()),
          State(policy),
          times.empty() ? "-" : times,
          text("hash").substr(0, 8),
          text("file")};
}

std::string Text(const Json& stats) {
  std::vector<std::vector<std::string>> rows{
      {"proxy", "kind", "policy", "version", "generation", "strikes", "state", "p50/p99/max", "hash", "file"}};
  std::string reasons;
  for (const Json& proxy : stats["proxies"]) {
    const std::string name = proxy["name"];
    for (const Json& policy : proxy["policies"]) {
      rows.push_back(Row(name, policy));
      const std::string which =
          name + ": " + policy["kind"].get<std::string>() + " '" + policy["name"].get<std::string>() + "' is ";
      const Json& trial = policy["trial"];
      if (policy["quarantined"]) {
        reasons += which + "quarantined: " + policy["quarantine_reason"].get<std::string>() + "\n";
      }
      if (!trial.is_null() && trial["rolled_back"]) {
        reasons += which + "rolled back: " + trial["reason"].get<std::string>() + "\n";
      }
    }
  }
  return AlignColumns(rows) + reasons;
}

Json Policies(const Json& stats) {
  Json all = Json::array();
  for (const Json& proxy : stats["proxies"]) {
    for (const Json& policy : proxy["policies"]) {
      Json entry = {{"proxy", proxy["name"]}};
      entry.update(policy);
      all.push_back(std::move(entry));
    }
  }
  return all;
}

}  // namespace

int PluginsStatus(const CommandLine& command) {
  const AdminAnswer answer = AdminGet(command.admin, "/stats", std::chrono::seconds(10));
  if (!answer.ok()) {
    std::fprintf(stderr, "%s\n", AnswerText(answer).c_str());
    return 1;
  }
  const Json stats = Json::parse(answer.body);
  const std::string text = command.output == OutputFormat::kJson ? Policies(stats).dump(2) + "\n" : Text(stats);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace myelin
