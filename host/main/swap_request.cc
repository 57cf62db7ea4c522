// SPDX-License-Identifier: Apache-2.0
#include "main/swap_request.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "config/policy_text.h"
#include "config/trial.h"

namespace myelin {
namespace {

std::optional<PolicyConfig> Parse(const nlohmann::json& body, const std::string& key, Diagnostics& diagnostics) {
  if (!body.contains(key)) return std::nullopt;
  if (!body[key].is_string()) {
    diagnostics.Error(Origin{key}, "accepted: NAME[=options] as a string");
    return std::nullopt;
  }
  const std::string flag = "--" + key;
  const std::optional<Node> node = ParsePolicyFlag(body[key].get<std::string>(), flag, diagnostics);
  return node ? ReadPolicy(*node, flag, diagnostics) : std::nullopt;
}

std::optional<TrialRules> ParseTrial(const nlohmann::json& body, Diagnostics& diagnostics) {
  TrialRules rules;
  if (body.contains("canary")) {
    const std::string share = body["canary"].is_string() ? body["canary"].get<std::string>() : body["canary"].dump();
    rules.kind = TrialKind::kCanary;
    rules.share = ReadShare(Node::Scalar(share, Origin{"--canary"}), "--canary", diagnostics).value_or(0);
    return rules;
  }
  if (!body.contains("shadow") || body["shadow"] != true) return std::nullopt;
  return rules;
}

}  // namespace

PolicySwap ParseSwap(std::string_view text, Diagnostics& diagnostics) {
  PolicySwap swap;
  const nlohmann::json body = nlohmann::json::parse(text, nullptr, false);
  if (!body.is_object() || !body.contains("proxy") || !body["proxy"].is_string()) {
    diagnostics.Error(Origin{"swap"},
                      "accepted: {\"proxy\": NAME, \"balancer\", \"pool\": POLICY, \"limiters\": [POLICY]}");
    return swap;
  }
  swap.proxy = body["proxy"].get<std::string>();
  swap.balancer = Parse(body, "balancer", diagnostics);
  swap.pool = Parse(body, "pool", diagnostics);
  for (const auto& limiter : body.value("limiters", nlohmann::json::array())) {
    auto parsed = Parse(nlohmann::json{{"limiter", limiter}}, "limiter", diagnostics);
    if (parsed) swap.limiters.push_back(std::move(*parsed));
  }
  swap.trial = ParseTrial(body, diagnostics);
  const size_t named = (swap.balancer ? 1u : 0u) + (swap.pool ? 1u : 0u) + swap.limiters.size();
  if (named == 0 && !diagnostics.HasErrors()) {
    diagnostics.Error(Origin{"swap"}, "it names no policy; accepted: balancer, pool, limiters");
  }
  if (swap.trial && (named != 1 || swap.pool)) {
    diagnostics.Error(Origin{"swap"},
                      "one policy at a time is tried beside another; accepted: a balancer or a limiter");
  }
  return swap;
}

std::string Described(const PolicySwap& swap) {
  std::string what;
  const auto add = [&](const char* kind, const PolicyConfig& policy) {
    what += (what.empty() ? "" : ", ") + std::string(kind) + " " + policy.name;
  };
  if (swap.balancer) add("balancer", *swap.balancer);
  if (swap.pool) add("pool", *swap.pool);
  for (const PolicyConfig& limiter : swap.limiters) add("limiter", limiter);
  std::string how;
  if (swap.trial) how = swap.trial->kind == TrialKind::kShadow ? " as a shadow" : " as a canary";
  return "proxy " + swap.proxy + " has " + what + how;
}

}  // namespace myelin
