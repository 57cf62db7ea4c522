// SPDX-License-Identifier: Apache-2.0
//
// Builds the JSON of /stats, field by field in the order of base/stats.h.
#include "admin/stats_json.h"

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
          {"id", endpoint.id},
          {"weight", endpoint.weight},
          {"state", endpoint.state},
          {"in_flight", endpoint.in_flight},
          {"calls", CallsJson(endpoint.calls)},
          {"latency", LatencyJson(endpoint.latency)},
          {"bytes_sent", endpoint.bytes_sent},
          {"bytes_received", endpoint.bytes_received},
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

Json PolicyJson(const PolicyStats& policy) {
  return {{"kind", policy.kind}, {"name", policy.name}, {"strikes", policy.strikes}};
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

Json ProxyJson(const ProxyStats& proxy) {
  return {{"name", proxy.name},
          {"listen", proxy.listen},
          {"balancer", proxy.balancer},
          {"pool", proxy.pool},
          {"in_flight", proxy.in_flight},
          {"calls", CallsJson(proxy.calls)},
          {"refused_by_host", proxy.refused_by_host},
          {"queue_timeouts", proxy.queue_timeouts},
          {"endpoints", ListJson(proxy.endpoints, EndpointJson)},
          {"limiters", ListJson(proxy.limiters, LimiterJson)},
          {"policies", ListJson(proxy.policies, PolicyJson)}};
}

}  // namespace

std::string StatsJson(const HostStats& stats) {
  const Json out = {{"version", stats.version},
                    {"uptime_seconds", stats.uptime_seconds},
                    {"workers", stats.workers},
                    {"draining", stats.draining},
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

}  // namespace myelin
