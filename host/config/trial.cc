// SPDX-License-Identifier: Apache-2.0
#include "config/trial.h"

#include <charconv>
#include <cstdio>
#include <optional>
#include <utility>

#include "config/policy_text.h"
#include "config/reader.h"

namespace myelin {
namespace {

constexpr uint32_t kMostStrikes = 1000;
constexpr double kHighestRate = 1000;
constexpr std::string_view kShareForm = "a percentage above 0% and up to 100%, such as 5%";
constexpr std::string_view kRateForm = "off, or a multiple of what the other calls fail, 1x to 1000x";

/// The number before `unit`, when `text` is just that.
std::optional<double> NumberBefore(std::string_view text, std::string_view unit) {
  if (!text.ends_with(unit)) return std::nullopt;
  text.remove_suffix(unit.size());
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string NumberText(double number, const char* unit) {
  char text[48];
  std::snprintf(text, sizeof(text), "%.12g%s", number, unit);
  return text;
}

bool ReadRate(const Node& node, const std::string& path, double& rate, Diagnostics& diagnostics) {
  if (ExpectScalar(node, path, kRateForm, diagnostics) == nullptr) return false;
  const std::optional<double> number = node.scalar == "off" ? 0 : NumberBefore(node.scalar, "x");
  if (number && (*number == 0 ? node.scalar == "off" : *number >= 1 && *number <= kHighestRate)) {
    rate = *number;
    return true;
  }
  const bool bare = NumberBefore(node.scalar, "").has_value();
  diagnostics.Error(node.origin, WrongValue(path, node.scalar, "is no such multiple", kRateForm) +
                                     (bare ? ", did you mean '" + node.scalar + "x'?" : ""));
  return false;
}

bool ReadRollback(const Node* node, const std::string& path, TrialRules& rules, Diagnostics& diagnostics) {
  MapReader map(node, path, diagnostics);
  rules.strikes = map.Whole("strikes", rules.strikes, 0, kMostStrikes);
  const Node* rate = map.Find("error_rate");
  const bool fine = rate == nullptr || ReadRate(*rate, map.Path("error_rate"), rules.error_rate, diagnostics);
  map.Finish();
  return fine;
}

std::shared_ptr<const TrialConfig> ReadCanary(const Node& node, const std::string& path, Diagnostics& diagnostics) {
  TrialConfig trial;
  trial.rules.kind = TrialKind::kCanary;
  MapReader map(&node, path, diagnostics);
  const Node* policy = map.Find("policy");
  const Node* share = map.Find("share");
  const Node* rollback = map.Find("rollback");
  map.Finish();
  if (!node.IsMap()) return nullptr;
  for (const auto& [found, key, form] :
       {std::tuple(policy, "policy", std::string_view("a policy")), std::tuple(share, "share", kShareForm)}) {
    if (found != nullptr) continue;
    diagnostics.Error(node.origin, map.Path(key) + " is missing; accepted: " + std::string(form));
  }
  const bool fine = ReadRollback(rollback, map.Path("rollback"), trial.rules, diagnostics);
  const auto read = policy == nullptr ? std::nullopt : ReadPolicy(*policy, map.Path("policy"), diagnostics);
  const auto part = share == nullptr ? std::nullopt : ReadShare(*share, map.Path("share"), diagnostics);
  if (!fine || !read || !part) return nullptr;
  trial.policy = *read;
  trial.rules.share = *part;
  return std::make_shared<const TrialConfig>(std::move(trial));
}

}  // namespace

bool IsTrialKey(std::string_view key) { return key == "shadow" || key == "canary"; }

std::optional<double> ReadShare(const Node& node, const std::string& path, Diagnostics& diagnostics) {
  if (ExpectScalar(node, path, kShareForm, diagnostics) == nullptr) return std::nullopt;
  const std::optional<double> percent = NumberBefore(node.scalar, "%");
  if (percent && *percent > 0 && *percent <= 100) return *percent / 100;
  const bool bare = !percent && NumberBefore(node.scalar, "").has_value();
  diagnostics.Error(node.origin, WrongValue(path, node.scalar, "is no such share", kShareForm) +
                                     (bare ? ", did you mean '" + node.scalar + "%'?" : ""));
  return std::nullopt;
}

std::shared_ptr<const TrialConfig> ReadTrial(const Entry& entry, const std::string& path, Diagnostics& diagnostics) {
  if (entry.key == "canary") return ReadCanary(entry.value, path, diagnostics);
  const std::optional<PolicyConfig> policy = ReadPolicy(entry.value, path, diagnostics);
  if (!policy) return nullptr;
  return std::make_shared<const TrialConfig>(TrialConfig{*policy, TrialRules{}});
}

Entry TrialToEntry(const TrialConfig& trial) {
  const Origin& origin = trial.policy.origin;
  if (trial.rules.kind == TrialKind::kShadow) return {"shadow", origin, PolicyToNode(trial.policy)};
  const TrialRules& rules = trial.rules;
  Node rollback = Node::Map(origin);
  rollback.Set("strikes", Node::Scalar(std::to_string(rules.strikes), origin));
  rollback.Set("error_rate", Node::Scalar(rules.error_rate == 0 ? "off" : NumberText(rules.error_rate, "x"), origin));
  Node canary = Node::Map(origin);
  canary.Set("policy", PolicyToNode(trial.policy));
  canary.Set("share", Node::Scalar(NumberText(rules.share * 100, "%"), origin));
  canary.Set("rollback", std::move(rollback));
  return {"canary", origin, std::move(canary)};
}

}  // namespace myelin
