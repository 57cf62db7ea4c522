// SPDX-License-Identifier: Apache-2.0
//
// Which number of HostStats becomes which metric.
#include "admin/metrics.h"

#include <prometheus/text_serializer.h>

#include <map>
#include <sstream>
#include <tuple>
#include <utility>

#include "admin/metric_families.h"
#include "admin/policy_metrics.h"
#include "base/grpc_code.h"

namespace myelin {
namespace {

MetricLabels WithCode(const MetricLabels& labels, size_t code) {
  return With(labels, "grpc_code", std::string(GrpcCodeName(code)));
}

void Add(EndpointStats& sum, const EndpointStats& other) {
  // An address that was taken out and put back stands twice while the first one drains.
  if (sum.state == "draining") {
    sum.state = other.state;
    sum.weight = other.weight;
  } else if (other.state != "draining") {
    sum.weight += other.weight;
    if (other.state == "up") sum.state = other.state;
  }
  sum.in_flight += other.in_flight;
  for (size_t i = 0; i < sum.calls.size(); ++i) sum.calls[i] += other.calls[i];
  for (size_t i = 0; i < sum.latency.buckets.size(); ++i) sum.latency.buckets[i] += other.latency.buckets[i];
  sum.latency.sum_seconds += other.latency.sum_seconds;
  sum.bytes_sent += other.bytes_sent;
  sum.bytes_received += other.bytes_received;
  sum.messages_sent += other.messages_sent;
  sum.messages_received += other.messages_received;
  sum.connections_connecting += other.connections_connecting;
  sum.connections_ready += other.connections_ready;
  sum.connections_draining += other.connections_draining;
  sum.connections_opened += other.connections_opened;
  sum.connect_failures += other.connect_failures;
  sum.queued += other.queued;
}

/// Prometheus refuses a page on which two samples have the same labels.
std::map<std::string, EndpointStats> ByAddress(const std::vector<EndpointStats>& endpoints) {
  std::map<std::string, EndpointStats> out;
  for (const EndpointStats& endpoint : endpoints) {
    const auto [found, is_new] = out.try_emplace(endpoint.address, endpoint);
    if (!is_new) Add(found->second, endpoint);
  }
  return out;
}

void AddHost(MetricFamilies& out, const HostStats& stats) {
  out.Gauge("myelin_build_info", "The version that runs, as a label; always 1.", {{"version", stats.version}}, 1);
  out.Gauge("myelin_uptime_seconds", "Time since the process started.", {}, stats.uptime_seconds);
  out.Gauge("myelin_workers", "Threads on the data path.", {}, stats.workers);
  out.Gauge("myelin_worker_stuck", "Of these, in a policy's hook for longer than guards.hard_limit.", {},
            stats.stuck_workers);
  out.Gauge("myelin_draining", "1 while the process finishes its calls before it ends.", {}, stats.draining ? 1 : 0);
  out.Gauge("myelin_generation", "Counts configurations: one more with each reload, rollback and swap.", {},
            static_cast<double>(stats.generation));
  for (const auto& [result, count] :
       {std::pair{"applied", stats.reloads}, std::pair{"refused", stats.reloads_failed}}) {
    out.Counter("myelin_reloads_total", "Reloads and rollbacks, by what came of them.", {{"result", result}}, count);
  }
  out.Counter("myelin_swaps_total", "Policies replaced by `myelin swap`.", {}, stats.swaps);
  out.Gauge("myelin_retired_proxies", "Proxies that are no longer configured and finish their calls.", {},
            static_cast<double>(stats.retired_proxies));
}

void AddBounds(MetricFamilies& out, const HostStats& stats) {
  for (const WorkerBytes& held : stats.buffered_bytes) {
    out.Gauge("myelin_worker_buffered_bytes", "Bytes that wait for peers to take them.",
              {{"worker", std::to_string(held.worker)}}, static_cast<double>(held.bytes));
  }
  for (size_t kind = 0; kind < stats.abuse.size(); ++kind) {
    out.Counter("myelin_abuse_total", "Peers that were told to calm down, by what they did.",
                {{"kind", std::string(kAbuseNames[kind])}}, stats.abuse[kind]);
  }
}

void AddConnections(MetricFamilies& out, const MetricLabels& labels, const ConnectionTotals& connections) {
  out.Counter("myelin_downstream_connections_accepted_total", "Connections of callers that were accepted.", labels,
              connections.accepted);
  out.Counter("myelin_downstream_connections_refused_total", "Connections closed at once for limits.max_connections.",
              labels, connections.refused);
}

void AddProxy(MetricFamilies& out, const ProxyStats& proxy) {
  const MetricLabels labels{{"proxy", proxy.name}};
  out.Gauge("myelin_proxy_info", "The policies in use, as labels; always 1.",
            With(With(labels, "balancer", proxy.balancer), "pool", proxy.pool), 1);
  for (size_t i = 0; i < proxy.downstream_connections.size(); ++i) {
    out.Gauge("myelin_downstream_connections", "Connections of callers.", With(labels, "worker", std::to_string(i)),
              static_cast<double>(proxy.downstream_connections[i]));
  }
  out.Gauge("myelin_calls_in_flight", "Calls not yet answered to the end.", labels,
            static_cast<double>(proxy.in_flight));
  out.Gauge("myelin_old_generation_calls_in_flight", "Of these, calls that came before the latest change.", labels,
            static_cast<double>(proxy.in_flight_old));
  for (size_t code = 0; code < proxy.calls.size(); ++code) {
    out.Counter("myelin_calls_total", "Calls ended, by the grpc-status sent downstream.", WithCode(labels, code),
                proxy.calls[code]);
  }
  out.Counter("myelin_calls_refused_by_host_total", "Calls that myelin answered itself, without any upstream.", labels,
              proxy.refused_by_host);
  out.Counter("myelin_queue_timeouts_total", "Calls that waited for a connection longer than timeouts.queue.", labels,
              proxy.queue_timeouts);
  AddConnections(out, labels, proxy.connections);
}

void AddEndpointCalls(MetricFamilies& out, const MetricLabels& labels, const EndpointStats& endpoint) {
  for (size_t code = 0; code < endpoint.calls.size(); ++code) {
    if (code != 0 && endpoint.calls[code] == 0) continue;  // thousands of endpoints times 17 would be mostly zeros
    out.Counter("myelin_endpoint_calls_total", "Calls ended, by the endpoint's grpc-status.", WithCode(labels, code),
                endpoint.calls[code]);
  }
  out.Gauge("myelin_endpoint_calls_in_flight", "Calls that the endpoint has not yet ended.", labels,
            static_cast<double>(endpoint.in_flight));
  out.Gauge("myelin_endpoint_queued_calls", "Calls that wait for a stream slot.", labels,
            static_cast<double>(endpoint.queued));
  out.Histogram("myelin_call_duration_seconds", "Time of whole calls, from the pick to the end.", labels,
                kLatencyBounds, endpoint.latency.buckets, endpoint.latency.sum_seconds);
  out.Counter("myelin_endpoint_sent_bytes_total", "Bytes relayed to the endpoint.", labels, endpoint.bytes_sent);
  out.Counter("myelin_endpoint_received_bytes_total", "Bytes relayed from the endpoint.", labels,
              endpoint.bytes_received);
  out.Counter("myelin_endpoint_sent_messages_total", "Messages relayed to the endpoint.", labels,
              endpoint.messages_sent);
  out.Counter("myelin_endpoint_received_messages_total", "Messages relayed from the endpoint.", labels,
              endpoint.messages_received);
}

void AddEndpointState(MetricFamilies& out, const MetricLabels& labels, const EndpointStats& endpoint) {
  out.Gauge("myelin_endpoint_weight", "Configured weight.", labels, endpoint.weight);
  for (const char* state : {"up", "down", "draining"}) {
    out.Gauge("myelin_endpoint_state", "1 for the state that the endpoint is in, 0 for the others.",
              With(labels, "state", state), endpoint.state == state ? 1 : 0);
  }
  const std::pair<const char*, uint64_t> connections[] = {{"connecting", endpoint.connections_connecting},
                                                          {"ready", endpoint.connections_ready},
                                                          {"draining", endpoint.connections_draining}};
  for (const auto& [state, count] : connections) {
    out.Gauge("myelin_endpoint_connections", "Connections, by state.", With(labels, "state", state),
              static_cast<double>(count));
  }
  out.Counter("myelin_endpoint_connections_opened_total", "Connections established.", labels,
              endpoint.connections_opened);
  out.Counter("myelin_endpoint_connect_failures_total", "Attempts to connect that failed.", labels,
              endpoint.connect_failures);
}

void AddLimiters(MetricFamilies& out, const ProxyStats& proxy) {
  for (size_t i = 0; i < proxy.limiters.size(); ++i) {
    const LimiterStats& limiter = proxy.limiters[i];
    const MetricLabels labels{
        {"proxy", proxy.name}, {"limiter", limiter.name}, {"position", std::to_string(i)}};  // one may stand twice
    const std::pair<const char*, uint64_t> verdicts[] = {
        {"admit", limiter.admitted}, {"delay", limiter.delayed}, {"reject", limiter.rejected}};
    for (const auto& [verdict, count] : verdicts) {
      out.Counter("myelin_limiter_verdicts_total", "What limiters decided, by their place in the proxy's list.",
                  With(labels, "verdict", verdict), count);
    }
  }
}

/// A counter's name ends in _total and a gauge's does not, so two plugins can never make one family of two types.
std::string PluginMetricName(const PluginMetric& metric) {
  constexpr std::string_view kSuffix = "_total";
  std::string name = "myelin_plugin_" + MetricName(metric.name);
  const bool suffixed = name.ends_with(kSuffix);
  if (metric.counter && !suffixed) name += kSuffix;
  if (!metric.counter && suffixed) name.resize(name.size() - kSuffix.size());
  return name;
}

void AddPluginMetrics(MetricFamilies& out, const std::vector<PluginMetric>& metrics) {
  using Key = std::tuple<std::string, std::string, std::string>;
  std::map<Key, PluginMetric> merged;  // two instances of a policy in one proxy count together
  for (const PluginMetric& metric : metrics) {
    const auto [found, is_new] = merged.try_emplace({PluginMetricName(metric), metric.proxy, metric.policy}, metric);
    if (!is_new) found->second.value += metric.value;
  }
  for (const auto& [key, metric] : merged) {
    const MetricLabels labels{{"proxy", metric.proxy}, {"policy", metric.policy}};
    if (metric.counter) {
      out.Counter(std::get<0>(key), metric.doc, labels, metric.value);
    } else {
      out.Gauge(std::get<0>(key), metric.doc, labels, static_cast<double>(metric.value));
    }
  }
}

}  // namespace

std::string MetricsText(const HostStats& stats) {
  MetricFamilies families;
  AddHost(families, stats);
  AddBounds(families, stats);
  for (const ProxyStats& proxy : stats.proxies) {
    AddProxy(families, proxy);
    for (const auto& [address, endpoint] : ByAddress(proxy.endpoints)) {
      const MetricLabels labels{{"proxy", proxy.name}, {"endpoint", address}};
      AddEndpointCalls(families, labels, endpoint);
      AddEndpointState(families, labels, endpoint);
    }
    AddLimiters(families, proxy);
    AddPolicyMetrics(families, proxy);
  }
  AddPluginMetrics(families, stats.plugin_metrics);
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families.Collect());
  return out.str();
}

}  // namespace myelin
