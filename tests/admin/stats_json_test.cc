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
  EXPECT_EQ(stats["buffered_bytes"][1], json({{"worker", 1}, {"bytes", 27}}));
  EXPECT_EQ(stats["abuse"]["hoarding"], 29);
  const json& proxy = stats["proxies"][0];
  EXPECT_EQ(proxy["name"], "orders");
  EXPECT_EQ(proxy["listen"], json::array({"0.0.0.0:30880"}));
  EXPECT_EQ(proxy["downstream_connections"], json::array({23, 24}));
  EXPECT_EQ(proxy["balancer"], "min_conn");
  EXPECT_EQ(proxy["pool"], "loose");
  EXPECT_EQ(proxy["in_flight"], 11);
  EXPECT_EQ(proxy["calls"], json({{"OK", 100}, {"RESOURCE_EXHAUSTED", 12}}));
  EXPECT_EQ(proxy["refused_by_host"], 13);
  EXPECT_EQ(proxy["queue_timeouts"], 9);
  EXPECT_EQ(proxy["connections"], json({{"accepted", 30}, {"refused", 25}}));
  EXPECT_EQ(proxy["limiters"][0],
            json({{"name", "token_bucket"}, {"admitted", 500}, {"delayed", 17}, {"rejected", 12}}));
  const json& policy = proxy["policies"][0];
  EXPECT_EQ(policy["strikes"], 2);
  EXPECT_EQ(policy["hash"], "9f2c1e0c5b7a4d61");
  EXPECT_EQ(policy["quarantined"], true);
  EXPECT_EQ(policy["quarantine_reason"], "2 invalid answers");
  EXPECT_EQ(policy["slow_hooks"], 14);
  const json& hook = policy["hooks"][0];
  EXPECT_EQ(std::tuple(hook["hook"], hook["calls"], hook["passed_over"], hook["timed"]),
            std::tuple("pick", 25600, 31, 100));
  EXPECT_NEAR(hook["p50_seconds"], 50e-9, 2e-9) << "half of what lies between 32 and 64 ns, and a bit";
  EXPECT_NEAR(hook["p99_seconds"], 128e-9, 1e-9);
  EXPECT_EQ(hook["max_seconds"], 400);
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
