// SPDX-License-Identifier: Apache-2.0
#include "admin/metrics.h"

#include <gmock/gmock.h>

#include "admin/prometheus_text.h"
#include "admin/sample_stats.h"

namespace myelin {
namespace {

using test::ParsePrometheus;
using test::PrometheusPage;
using test::SampleStats;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kEndpoint[] = R"(proxy="orders",endpoint="10.0.0.1:50051")";

std::string OfEndpoint(const std::string& name, const std::string& more = "") {
  return name + "{" + kEndpoint + (more.empty() ? "" : "," + more) + "}";
}

TEST(Metrics, EveryNumberOfTheSnapshotIsASample) {
  const PrometheusPage page = ParsePrometheus(MetricsText(SampleStats()));
  EXPECT_THAT(page.faults, IsEmpty());
  const std::map<std::string, double> expected{
      {R"(myelin_build_info{version="1.0.0"})", 1},
      {"myelin_uptime_seconds", 12.5},
      {"myelin_workers", 4},
      {"myelin_draining", 0},
      {R"(myelin_proxy_info{proxy="orders",balancer="min_conn",pool="loose"})", 1},
      {R"(myelin_downstream_connections{proxy="orders",worker="0"})", 23},
      {R"(myelin_downstream_connections{proxy="orders",worker="1"})", 24},
      {R"(myelin_calls_in_flight{proxy="orders"})", 11},
      {R"(myelin_calls_total{proxy="orders",grpc_code="OK"})", 100},
      {R"(myelin_calls_total{proxy="orders",grpc_code="RESOURCE_EXHAUSTED"})", 12},
      {R"(myelin_calls_total{proxy="orders",grpc_code="UNAUTHENTICATED"})", 0},
      {R"(myelin_calls_refused_by_host_total{proxy="orders"})", 13},
      {R"(myelin_queue_timeouts_total{proxy="orders"})", 9},
      {R"(myelin_downstream_connections_accepted_total{proxy="orders"})", 30},
      {R"(myelin_downstream_connections_refused_total{proxy="orders"})", 25},
      {R"(myelin_worker_buffered_bytes{worker="1"})", 27},
      {R"(myelin_abuse_total{kind="rapid_reset"})", 28},
      {R"(myelin_abuse_total{kind="hoarding"})", 29},
      {R"(myelin_abuse_total{kind="ping"})", 0},
      {OfEndpoint("myelin_endpoint_calls_total", R"(grpc_code="OK")"), 101},
      {OfEndpoint("myelin_endpoint_calls_total", R"(grpc_code="UNAVAILABLE")"), 5},
      {OfEndpoint("myelin_endpoint_calls_in_flight"), 3},
      {OfEndpoint("myelin_endpoint_queued_calls"), 8},
      {OfEndpoint("myelin_endpoint_weight"), 10},
      {OfEndpoint("myelin_endpoint_state", R"(state="up")"), 1},
      {OfEndpoint("myelin_endpoint_state", R"(state="down")"), 0},
      {OfEndpoint("myelin_endpoint_connections", R"(state="connecting")"), 1},
      {OfEndpoint("myelin_endpoint_connections", R"(state="ready")"), 4},
      {OfEndpoint("myelin_endpoint_connections", R"(state="draining")"), 2},
      {OfEndpoint("myelin_endpoint_connections_opened_total"), 19},
      {OfEndpoint("myelin_endpoint_connect_failures_total"), 6},
      {OfEndpoint("myelin_endpoint_sent_bytes_total"), 2048},
      {OfEndpoint("myelin_endpoint_received_bytes_total"), 4096},
      {R"(myelin_limiter_verdicts_total{proxy="orders",limiter="token_bucket",position="0",verdict="delay"})", 17},
      {R"(myelin_limiter_verdicts_total{proxy="orders",limiter="token_bucket",position="1",verdict="reject"})", 1},
      {"myelin_worker_stuck", 1},
      {R"(myelin_policy_strikes_total{proxy="orders",kind="balancer",policy="min_conn"})", 2},
      {R"(myelin_policy_quarantined{proxy="orders",kind="balancer",policy="min_conn"})", 1},
      {R"(myelin_policy_quarantined{proxy="orders",kind="pool",policy="loose"})", 0},
      {R"(myelin_policy_slow_hooks_total{proxy="orders",kind="balancer",policy="min_conn"})", 14},
      {R"(myelin_hook_calls_total{proxy="orders",kind="balancer",policy="min_conn",hook="pick"})", 25600},
      {R"(myelin_hook_passed_over_total{proxy="orders",kind="balancer",policy="min_conn",hook="pick"})", 31},
      {R"(myelin_hook_duration_seconds_count{proxy="orders",kind="balancer",policy="min_conn",hook="pick"})", 100},
      {R"(myelin_hook_duration_seconds_bucket{proxy="orders",kind="balancer",policy="min_conn",hook="pick",le="6.4e-08"})",
       90},
      {R"(myelin_hook_duration_seconds_bucket{proxy="orders",kind="balancer",policy="min_conn",hook="pick",le="2.56e-07"})",
       99},
      {R"(myelin_plugin_keys{proxy="orders",policy="token_bucket"})", 21},
      {R"(myelin_plugin_evictions_total{proxy="orders",policy="token_bucket"})", 22},
  };
  for (const auto& [sample, value] : expected) {
    ASSERT_TRUE(page.Has(sample)) << sample;
    EXPECT_EQ(page.samples.at(sample), value) << sample;
  }
}

TEST(Metrics, LatencyIsACumulativeHistogram) {
  const PrometheusPage page = ParsePrometheus(MetricsText(SampleStats()));
  EXPECT_EQ(page.types.at("myelin_call_duration_seconds"), "histogram");
  const auto bucket = [&](const std::string& bound) {
    return page.samples.at(OfEndpoint("myelin_call_duration_seconds_bucket", "le=\"" + bound + "\""));
  };
  EXPECT_EQ(bucket("0.0005"), 0);
  EXPECT_EQ(bucket("0.001"), 90);
  EXPECT_EQ(bucket("0.01"), 104);
  EXPECT_EQ(bucket("60"), 104);
  EXPECT_EQ(bucket("+Inf"), 106);
  EXPECT_EQ(page.samples.at(OfEndpoint("myelin_call_duration_seconds_count")), 106);
  EXPECT_EQ(page.samples.at(OfEndpoint("myelin_call_duration_seconds_sum")), 130.5);
}

TEST(Metrics, HostileNamesKeepThePageValid) {
  HostStats stats = SampleStats();
  stats.proxies[0].name = "a\"b\\c\nmyelin_workers 99\xff";
  stats.plugin_metrics[0].name = "bad name{}\n";
  stats.plugin_metrics[0].doc = "two\n# TYPE myelin_workers counter";
  const PrometheusPage page = ParsePrometheus(MetricsText(stats));
  EXPECT_THAT(page.faults, IsEmpty());
  EXPECT_EQ(page.samples.at("myelin_workers"), 4);
  EXPECT_TRUE(page.Has("myelin_calls_in_flight{proxy=\"a\\\"b\\\\c\\nmyelin_workers 99\xEF\xBF\xBD\"}"));
}

TEST(Metrics, AnAddressThatStandsTwiceBecomesOneSeries) {
  HostStats stats = SampleStats();
  EndpointStats leaving = test::SampleEndpoint();
  leaving.id = 6;
  leaving.state = "draining";
  auto& endpoints = stats.proxies[0].endpoints;
  endpoints.insert(endpoints.begin(), leaving);
  const PrometheusPage page = ParsePrometheus(MetricsText(stats));
  EXPECT_THAT(page.faults, IsEmpty());
  EXPECT_EQ(page.samples.at(OfEndpoint("myelin_endpoint_calls_total", R"(grpc_code="OK")")), 202);
  EXPECT_EQ(page.samples.at(OfEndpoint("myelin_call_duration_seconds_count")), 212);
  EXPECT_EQ(page.samples.at(OfEndpoint("myelin_endpoint_state", R"(state="up")")), 1);
  EXPECT_EQ(page.samples.at(OfEndpoint("myelin_endpoint_weight")), 10);
}

TEST(Metrics, OneNameAsCounterAndAsGaugeIsTwoFamilies) {
  HostStats stats;
  stats.plugin_metrics = {
      {"seen", "", true, "p", "a", 1}, {"seen_total", "", false, "p", "b", 2}, {"seen_total", "", true, "p", "a", 3}};
  const PrometheusPage page = ParsePrometheus(MetricsText(stats));
  EXPECT_THAT(page.faults, IsEmpty());
  EXPECT_EQ(page.samples.at(R"(myelin_plugin_seen_total{proxy="p",policy="a"})"), 4);
  EXPECT_EQ(page.samples.at(R"(myelin_plugin_seen{proxy="p",policy="b"})"), 2);
}

TEST(Metrics, LargeCountersKeepEveryDigit) {
  HostStats stats = SampleStats();
  stats.proxies[0].queue_timeouts = 9'007'199'254'740'991;
  EXPECT_EQ(ParsePrometheus(MetricsText(stats)).samples.at(R"(myelin_queue_timeouts_total{proxy="orders"})"),
            9007199254740991.0);
}

}  // namespace
}  // namespace myelin
