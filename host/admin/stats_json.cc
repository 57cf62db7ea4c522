// SPDX-License-Identifier: Apache-2.0
//
// Builds the JSON of /stats, field by field in the order of base/stats.h.
#include "admin/stats_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/grpc_code.h"

namespace myelin {
namespace {

using Json = nlohmann::ordered_json;

Json CallsJson(const std::array<uint64_t, kGrpcStatusCount>& calls) {
  Json out = Json::object();
  for (size_t code = 0; code < calls.size(); ++code) {
    if (code == 0 || calls[code] > 0) out[std::string(GrpcCodeName(code))] = calls[code];
  }
  return out;
}

Json LatencyJson(const LatencyStats& latency) {
  Json buckets = Json::array();
  for (size_t i = 0; i < latency.buckets.size(); ++i) {
    Json bound = nullptr;  // JSON has no infinity
    if (i < kLatencyBounds.size()) bound = kLatencyBounds[i];
    buckets.push_back({{"upper_bound_seconds", bound}, {"count", latency.buckets[i]}});
  }
  const double mean = latency.count == 0 ? 0 : latency.sum_seconds / static_cast<double>(latency.count);
  return {{"count", latency.count},
          {"sum_seconds", latency.sum_seconds},
          {"mean_seconds", mean},
          {"p50_seconds", LatencyQuantile(latency, 0.5)},
          {"p90_seconds", LatencyQuantile(latency, 0.9)},
          {"p99_seconds", LatencyQuantile(latency, 0.99)},
          {"buckets", std::move(buckets)}};
}

Json EndpointJson(const EndpointStats& endpoint) {
  return {{"address", endpoint.address},
          {"name", endpoint.name},
          {"id", endpoint.id},
          {"weight", endpoint.weight},
          {"state", endpoint.state},
          {"in_flight", endpoint.in_flight},
          {"calls", CallsJson(endpoint.calls)},
          {"latency", LatencyJson(endpoint.latency)},
          {"bytes_sent", endpoint.bytes_sent},
          {"bytes_received", endpoint.bytes_received},
          {"messages_sent", endpoint.messages_sent},
          {"messages_received", endpoint.messages_received},
          {"connections",
           {{"connecting", endpoint.connections_connecting},
            {"ready", endpoint.connections_ready},
            {"draining", endpoint.connections_draining},
            {"opened", endpoint.connections_opened},
            {"connect_failures", endpoint.connect_failures}}},
          {"queued", endpoint.queued}};
}

Json LimiterJson(const LimiterStats& limiter) {
  return {{"name", limiter.name},
          {"admitted", limiter.admitted},
          {"delayed", limiter.delayed},
          {"rejected", limiter.rejected}};
}

Json PluginMetricJson(const PluginMetric& metric) {
  return {{"name", metric.name},   {"doc", metric.doc},       {"type", metric.counter ? "counter" : "gauge"},
          {"proxy", metric.proxy}, {"policy", metric.policy}, {"value", metric.value}};
}

template <typename Values, typename ToJson>
Json ListJson(const Values& values, ToJson to_json) {
  Json out = Json::array();
  for (const auto& value : values) out.push_back(to_json(value));
  return out;
}

Json HookJson(const HookStats& hook) {
  return {{"hook", hook.hook},
          {"calls", hook.calls},
          {"passed_over", hook.passed_over},
          {"timed", std::accumulate(hook.times.begin(), hook.times.end(), uint64_t{0})},
          {"p50_seconds", HookQuantile(hook, 0.5)},
          {"p99_seconds", HookQuantile(hook, 0.99)},
          {"max_seconds", hook.max_seconds}};
}

Json TrialJson(const TrialStats& trial) {
  Json out = {{"kind", trial.kind}, {"beside", trial.beside}};
  if (trial.kind == "shadow") {
    out.update({{"asked", trial.asked}, {"diverged", trial.diverged}});
  } else {
    out.update({{"share", trial.share},
                {"calls", trial.calls},
                {"failed", trial.failed},
                {"calls_beside", trial.calls_beside},
                {"failed_beside", trial.failed_beside}});
  }
  out.update({{"rolled_back", trial.over}, {"reason", trial.reason}});
  return out;
}

Json PolicyJson(const PolicyStats& policy) {
  return {{"kind", policy.kind},
          {"name", policy.name},
          {"file", policy.file},
          {"version", policy.version},
          {"hash", policy.hash},
          {"generation", policy.generation},
          {"strikes", policy.strikes},
          {"slow_hooks", policy.slow_hooks},
          {"quarantined", policy.quarantined},
          {"quarantine_reason", policy.quarantine_reason},
          {"trial", policy.trial ? TrialJson(*policy.trial) : Json(nullptr)},
          {"hooks", ListJson(policy.hooks, HookJson)}};
}

Json AbuseJson(const std::array<uint64_t, kAbuseNames.size()>& abuse) {
  Json out = Json::object();
  for (size_t kind = 0; kind < abuse.size(); ++kind) out[std::string(kAbuseNames[kind])] = abuse[kind];
  return out;
}

Json WorkerBytesJson(const WorkerBytes& held) { return {{"worker", held.worker}, {"bytes", held.bytes}}; }

Json ProxyJson(const ProxyStats& proxy) {
  return {{"name", proxy.name},
          {"listen", proxy.listen},
          {"downstream_connections", proxy.downstream_connections},
          {"balancer", proxy.balancer},
          {"pool", proxy.pool},
          {"in_flight", proxy.in_flight},
          {"in_flight_old", proxy.in_flight_old},
          {"calls", CallsJson(proxy.calls)},
          {"refused_by_host", proxy.refused_by_host},
          {"queue_timeouts", proxy.queue_timeouts},
          {"connections", {{"accepted", proxy.connections.accepted}, {"refused", proxy.connections.refused}}},
          {"endpoints", ListJson(proxy.endpoints, EndpointJson)},
          {"limiters", ListJson(proxy.limiters, LimiterJson)},
          {"policies", ListJson(proxy.policies, PolicyJson)}};
}

}  // namespace

std::string StatsJson(const HostStats& stats) {
  const Json out = {{"version", stats.version},
                    {"uptime_seconds", stats.uptime_seconds},
                    {"workers", stats.workers},
                    {"stuck_workers", stats.stuck_workers},
                    {"draining", stats.draining},
                    {"buffered_bytes", ListJson(stats.buffered_bytes, WorkerBytesJson)},
                    {"abuse", AbuseJson(stats.abuse)},
                    {"generation", stats.generation},
                    {"reloads", stats.reloads},
                    {"reloads_failed", stats.reloads_failed},
                    {"swaps", stats.swaps},
                    {"retired", {{"proxies", stats.retired_proxies}, {"in_flight", stats.retired_in_flight}}},
                    {"proxies", ListJson(stats.proxies, ProxyJson)},
                    {"plugin_metrics", ListJson(stats.plugin_metrics, PluginMetricJson)}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

double LatencyQuantile(const LatencyStats& latency, double q) {
  const uint64_t count = std::accumulate(latency.buckets.begin(), latency.buckets.end(), uint64_t{0});
  if (count == 0) return 0;
  const double rank = q * static_cast<double>(count);
  double below = 0;
  double lower = 0;
  for (size_t i = 0; i < kLatencyBounds.size(); ++i) {
    const auto here = static_cast<double>(latency.buckets[i]);
    if (here > 0 && below + here >= rank) return lower + (kLatencyBounds[i] - lower) * (rank - below) / here;
    below += here;
    lower = kLatencyBounds[i];
  }
  return kLatencyBounds.back();
}

double HookQuantile(const HookStats& hook, double q) {
  const uint64_t count = std::accumulate(hook.times.begin(), hook.times.end(), uint64_t{0});
  const double rank = q * static_cast<double>(count);
  double below = 0;
  for (size_t i = 0; i < kHookBuckets; ++i) {
    const auto here = static_cast<double>(hook.times[i]);
    const double upper = static_cast<double>(uint64_t{1} << i) * 1e-9;
    const double lower = i == 0 ? 0 : upper / 2;
    if (here > 0 && below + here >= rank) {
      return std::min(lower + (upper - lower) * (rank - below) / here, hook.max_seconds);
    }
    below += here;
  }
  return hook.max_seconds;
}

}  // namespace myelin
