// SPDX-License-Identifier: Apache-2.0
#include "admin/stats_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "admin/sample_stats.h"

namespace myelin {
namespace {

using nlohmann::json;

TEST(StatsJson, CarriesTheSnapshot) {
  const json stats = json::parse(StatsJson(test::SampleStats()));
  EXPECT_EQ(stats["version"], "1.0.0");
  EXPECT_EQ(stats["uptime_seconds"], 12.5);
  EXPECT_EQ(stats["workers"], 4);
  EXPECT_EQ(stats["draining"], false);
  const json& proxy = stats["proxies"][0];
  EXPECT_EQ(proxy["name"], "orders");
  EXPECT_EQ(proxy["listen"], json::array({"0.0.0.0:30880"}));
  EXPECT_EQ(proxy["balancer"], "min_conn");
  EXPECT_EQ(proxy["pool"], "loose");
  EXPECT_EQ(proxy["in_flight"], 11);
  EXPECT_EQ(proxy["calls"], json({{"OK", 100}, {"RESOURCE_EXHAUSTED", 12}}));
  EXPECT_EQ(proxy["refused_by_host"], 13);
  EXPECT_EQ(proxy["queue_timeouts"], 9);
  EXPECT_EQ(proxy["limiters"][0],
            json({{"name", "token_bucket"}, {"admitted", 500}, {"delayed", 17}, {"rejected", 12}}));
  EXPECT_EQ(proxy["policies"][0], json({{"kind", "balancer"}, {"name", "min_conn"}, {"strikes", 2}}));
  EXPECT_EQ(stats["plugin_metrics"][1]["value"], 22);
  EXPECT_EQ(stats["plugin_metrics"][1]["type"], "counter");
}

TEST(StatsJson, CarriesEachEndpoint) {
  const json stats = json::parse(StatsJson(test::SampleStats()));
  const json& endpoint = stats["proxies"][0]["endpoints"][0];
  EXPECT_EQ(endpoint["address"], "10.0.0.1:50051");
  EXPECT_EQ(endpoint["id"], 7);
  EXPECT_EQ(endpoint["weight"], 10);
  EXPECT_EQ(endpoint["state"], "up");
  EXPECT_EQ(endpoint["in_flight"], 3);
  EXPECT_EQ(endpoint["calls"], json({{"OK", 101}, {"UNAVAILABLE", 5}}));
  EXPECT_EQ(endpoint["bytes_sent"], 2048);
  EXPECT_EQ(endpoint["bytes_received"], 4096);
  EXPECT_EQ(endpoint["connections"],
            json({{"connecting", 1}, {"ready", 4}, {"draining", 2}, {"opened", 19}, {"connect_failures", 6}}));
  EXPECT_EQ(endpoint["queued"], 8);
  EXPECT_EQ(endpoint["latency"]["count"], 106);
  EXPECT_EQ(endpoint["latency"]["buckets"][3], json({{"upper_bound_seconds", 0.001}, {"count", 90}}));
  EXPECT_EQ(endpoint["latency"]["buckets"][16]["upper_bound_seconds"], nullptr);
}

TEST(StatsJson, StaysJsonWhateverTheNames) {
  HostStats stats = test::SampleStats();
  stats.proxies[0].name = "a\"b\n\xff";
  EXPECT_EQ(json::parse(StatsJson(stats))["proxies"][0]["name"], "a\"b\n\xEF\xBF\xBD");
}

TEST(LatencyQuantile, InterpolatesWithinTheBucket) {
  LatencyStats latency;
  EXPECT_EQ(LatencyQuantile(latency, 0.5), 0);
  latency.buckets[3] = 100;  // 0.5 ms to 1 ms
  EXPECT_NEAR(LatencyQuantile(latency, 0.5), 0.00075, 1e-9);
  latency.buckets[16] = 300;
  EXPECT_EQ(LatencyQuantile(latency, 0.99), 60);
}

}  // namespace
}  // namespace myelin
