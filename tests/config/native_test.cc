// SPDX-License-Identifier: Apache-2.0
//
// The native schema: what each key becomes, in its short and its long form.
#include "loading.h"

namespace myelin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

using Native = Loading;

TEST_F(Native, TheExampleOfTheDesignReads) {
  const Config& config = Good(R"(
workers: auto
pump: frame
plugin_dirs: [./plugins]
admin: {listen: 127.0.0.1:9850}
log: {level: info, file: myelin.log, rotate: 24h, keep: 30d}
proxies:
  - name: orders
    listen: 0.0.0.0:30880
    endpoints:
      - 10.0.0.1:50051#10
      - {address: 10.0.0.2:50051, weight: 5, priority: 1, locality: zone-b, metadata: {rack: r7}}
    balancer: min_conn
    pool:
      loose: {size: 4, max_size: 64, idle: 10s, max_life: 60s}
    limiters:
      - token_bucket: {rate: 1000, burst: 200, key: "metadata:x-tenant"}
    timeouts: {connect: 5s, request: 0s, stream_idle: 1h, queue: 1s}
    backoff: {base: 100ms, max: 3s, jitter: 0.2}
    keepalive: {time: 5m, timeout: 20s}
    routes:
      - {metadata: {proxy: payments}, to: payments}
      - {service: shop.v1.Cart, method: Get, to: carts}
  - {name: payments, endpoints: [a:1]}
  - {name: carts, endpoints: [a:1]}
)");
  EXPECT_EQ(config.workers, 0u);
  EXPECT_THAT(config.plugin_dirs, ElementsAre("./plugins"));
  EXPECT_EQ(config.admin_listen, "127.0.0.1:9850");
  EXPECT_EQ(config.log.file, "myelin.log");
  EXPECT_EQ(config.log.keep, 30 * 24h);
  ASSERT_EQ(config.proxies.size(), 3u);
  const ProxyConfig& orders = config.proxies[0];
  EXPECT_EQ(orders.name, "orders");
  EXPECT_EQ(orders.pump, PumpKind::kFrame);
  ASSERT_EQ(orders.listen.size(), 1u);
  EXPECT_EQ(orders.listen[0].address, "0.0.0.0:30880");
  EXPECT_EQ(orders.listen[0].origin.ToString(), "c.yaml:9:13");
  ASSERT_EQ(orders.endpoints.size(), 2u);
  EXPECT_EQ(orders.endpoints[0].address, "10.0.0.1:50051");
  EXPECT_EQ(orders.endpoints[0].weight, 10u);
  EXPECT_EQ(orders.endpoints[1].address, "10.0.0.2:50051");
  EXPECT_EQ(orders.endpoints[1].weight, 5u);
  EXPECT_EQ(orders.endpoints[1].priority, 1u);
  EXPECT_EQ(orders.endpoints[1].locality, "zone-b");
  EXPECT_THAT(orders.endpoints[1].metadata, ElementsAre(Pair("rack", "r7")));
  EXPECT_EQ(orders.balancer.name, "min_conn");
  EXPECT_TRUE(orders.balancer.options.IsMap());
  EXPECT_EQ(orders.pool.name, "loose");
  EXPECT_EQ(orders.pool.options.Find("max_life")->scalar, "60s");
  EXPECT_EQ(orders.pool.options.Find("max_life")->origin.ToString(), "c.yaml:15:59");
  ASSERT_EQ(orders.limiters.size(), 1u);
  EXPECT_EQ(orders.limiters[0].name, "token_bucket");
  EXPECT_TRUE(orders.limiters[0].options.Find("key")->quoted);
  ASSERT_EQ(orders.routes.size(), 2u);
  EXPECT_THAT(orders.routes[0].metadata, ElementsAre(Pair("proxy", "payments")));
  EXPECT_EQ(orders.routes[1].service, "shop.v1.Cart");
  EXPECT_EQ(orders.routes[1].method, "Get");
  EXPECT_EQ(orders.routes[1].to, "carts");
}

TEST_F(Native, WhatIsLeftOutHasItsDefault) {
  const Config& config = Good(WithProxyKeys(""));
  const Config defaults;
  EXPECT_EQ(config.workers, 0u);
  EXPECT_EQ(config.admin_listen, "");
  EXPECT_EQ(config.drain_timeout, 30s);
  EXPECT_EQ(config.log.level, "info");
  EXPECT_EQ(config.log.format, "text");
  EXPECT_EQ(config.log.max_size, defaults.log.max_size);
  const ProxyConfig& proxy = config.proxies.at(0);
  EXPECT_EQ(proxy.balancer.name, "random_weight");
  EXPECT_EQ(proxy.pool.name, "loose");
  EXPECT_THAT(proxy.limiters, IsEmpty());
  EXPECT_THAT(proxy.routes, IsEmpty());
  EXPECT_EQ(proxy.endpoints.at(0).weight, 1u);
  EXPECT_EQ(proxy.timeouts.connect, 5s);
  EXPECT_EQ(proxy.timeouts.request, 0s);
  EXPECT_EQ(proxy.timeouts.stream_idle, 1h);
  EXPECT_EQ(proxy.timeouts.queue, 1s);
  EXPECT_EQ(proxy.backoff.max, 3s);
  EXPECT_EQ(proxy.keepalive.time, 5min);
  EXPECT_EQ(proxy.pump, PumpKind::kFrame);
  EXPECT_FALSE(proxy.access_log);
}

TEST_F(Native, LimitsAreReadAndProxiesInheritThem) {
  const Config& config = Good(
      "limits: {max_connections: 5, max_streams: 6, max_queued: 7, stream_buffer: 128KiB, connection_buffer: 1MiB,\n"
      "  worker_buffer: 8MiB, max_header_bytes: 16KiB, max_header_fields: 20, header_timeout: 3s}\n"
      "proxies:\n"
      "  - {name: a, listen: ':1', endpoints: [b:1]}\n"
      "  - {name: c, listen: ':2', endpoints: [b:1], limits: {max_streams: 60}}\n");
  EXPECT_EQ(config.limits.stream_buffer, 128u << 10);
  EXPECT_EQ(config.limits.connection_buffer, 1u << 20);
  EXPECT_EQ(config.limits.worker_buffer, 8u << 20);
  EXPECT_EQ(config.limits.max_header_bytes, 16u << 10);
  EXPECT_EQ(config.limits.max_header_fields, 20u);
  EXPECT_EQ(config.limits.header_timeout, 3s);
  const ProxyLimits& inherited = config.proxies.at(0).limits;
  EXPECT_EQ(inherited.max_connections, 5u);
  EXPECT_EQ(inherited.max_streams, 6u);
  EXPECT_EQ(inherited.max_queued, 7u);
  EXPECT_EQ(config.proxies.at(1).limits.max_connections, 5u);
  EXPECT_EQ(config.proxies.at(1).limits.max_streams, 60u);
}

TEST_F(Native, EveryTimeIsRead) {
  const ProxyConfig& proxy =
      Good(WithProxyKeys("timeouts: {connect: 1s, request: 2s, stream_idle: 3s, queue: 4s}\n"
                         "backoff: {base: 5s, max: 6s, jitter: 0.5}\nkeepalive: {time: 17s, timeout: 8s}"))
          .proxies.at(0);
  EXPECT_EQ(proxy.timeouts.connect, 1s);
  EXPECT_EQ(proxy.timeouts.request, 2s);
  EXPECT_EQ(proxy.timeouts.stream_idle, 3s);
  EXPECT_EQ(proxy.timeouts.queue, 4s);
  EXPECT_EQ(proxy.backoff.base, 5s);
  EXPECT_EQ(proxy.backoff.max, 6s);
  EXPECT_EQ(proxy.backoff.jitter, 0.5);
  EXPECT_EQ(proxy.keepalive.time, 17s);
  EXPECT_EQ(proxy.keepalive.timeout, 8s);
}

TEST_F(Native, TheHostsOwnKeysAreRead) {
  const Config& config = Good(
      "workers: 3\ndrain_timeout: 5s\naccess_log: true\nplugin_dirs: here\n"
      "log: {level: debug, format: json, file: f, rotate: 1h, keep: 2d, max_size: 64KiB}\n" +
      WithProxyKeys(""));
  EXPECT_EQ(config.workers, 3u);
  EXPECT_EQ(config.drain_timeout, 5s);
  EXPECT_TRUE(config.proxies.at(0).access_log);
  EXPECT_THAT(config.plugin_dirs, ElementsAre("here"));
  EXPECT_EQ(config.log.level, "debug");
  EXPECT_EQ(config.log.format, "json");
  EXPECT_EQ(config.log.rotate, 1h);
  EXPECT_EQ(config.log.keep, 48h);
  EXPECT_EQ(config.log.max_size, 65536u);
}

TEST_F(Native, AProxyOverridesTheTopOfTheFile) {
  const Config& config = Good("pump: generic\naccess_log: true\n" + WithProxyKeys("pump: frame\naccess_log: false") +
                              "  - {name: b, listen: ':1', endpoints: a:1}\n");
  EXPECT_EQ(config.proxies.at(0).pump, PumpKind::kFrame);
  EXPECT_FALSE(config.proxies.at(0).access_log);
  EXPECT_EQ(config.proxies.at(1).pump, PumpKind::kGeneric);
  EXPECT_TRUE(config.proxies.at(1).access_log);
}

TEST_F(Native, OneValueIsAListOfOne) {
  const ProxyConfig& proxy =
      Good(
          "proxies:\n  - name: a\n    listen: [':1', '[::1]:2', 'unix:/run/a.sock', 'localhost:0']\n"
          "    endpoints: b:1#0\n    limiters: access\n    routes: {service: s, to: a}\n")
          .proxies.at(0);
  ASSERT_EQ(proxy.listen.size(), 4u);
  EXPECT_EQ(proxy.listen[1].address, "[::1]:2");
  EXPECT_EQ(proxy.listen[2].address, "unix:/run/a.sock");
  ASSERT_EQ(proxy.endpoints.size(), 1u);
  EXPECT_EQ(proxy.endpoints[0].weight, 0u);
  ASSERT_EQ(proxy.limiters.size(), 1u);
  EXPECT_EQ(proxy.limiters[0].name, "access");
  EXPECT_EQ(proxy.routes.size(), 1u);
}

TEST_F(Native, PoliciesTakeEveryForm) {
  const ProxyConfig& proxy = Good(WithProxyKeys("balancer: ./my.so\npool: {strict: }\nlimiters:\n  - access\n"
                                                "  - token_bucket:\n      rate: 5"))
                                 .proxies.at(0);
  EXPECT_EQ(proxy.balancer.name, "./my.so");
  EXPECT_EQ(proxy.pool.name, "strict");
  EXPECT_TRUE(proxy.pool.options.IsMap());
  ASSERT_EQ(proxy.limiters.size(), 2u);
  EXPECT_EQ(proxy.limiters[1].options.Find("rate")->scalar, "5");
}

TEST_F(Native, AdminIsThisMachineUnlessItSaysOtherwise) {
  EXPECT_EQ(Good("admin: :9850\n" + WithProxyKeys("")).admin_listen, "127.0.0.1:9850");
  EXPECT_EQ(Good("admin: {listen: ':9850'}\n" + WithProxyKeys("")).admin_listen, "127.0.0.1:9850");
  EXPECT_EQ(Good("admin: 0.0.0.0:9850\n" + WithProxyKeys("")).admin_listen, "0.0.0.0:9850");
}

TEST_F(Native, WeightsReachTheirBounds) {
  const Config& config = Good("proxies:\n  - {name: a, listen: ':1', endpoints: ['b:1#1000000', 'c:1#0']}\n");
  EXPECT_EQ(config.proxies.at(0).endpoints.at(0).weight, 1'000'000u);
  EXPECT_EQ(config.proxies.at(0).endpoints.at(1).weight, 0u);
}

TEST_F(Native, EndpointsTakeEveryAddress) {
  Good(
      "proxies:\n  - {name: a, listen: ':1', endpoints: ['[::1]:1', '[fe80::1%eth0]:1', 'unix:/a', "
      "my_host.svc-1:1]}\n");
}

TEST_F(Native, APolicyCanBeTriedBesideABalancerOrLimiter) {
  const Config& config =
      Good(WithProxyKeys("balancer: {min_conn: {scan_limit: 8}, shadow: random_weight}\n"
                         "limiters:\n"
                         "  - token_bucket: {rate: 9}\n"
                         "    canary: {policy: {token_bucket: {rate: 5}}, share: 2.5%,\n"
                         "             rollback: {strikes: 0, error_rate: 1.5x}}\n"));
  const ProxyConfig& orders = config.proxies[0];
  EXPECT_EQ(orders.balancer.name, "min_conn");
  ASSERT_NE(orders.balancer.trial, nullptr);
  EXPECT_EQ(orders.balancer.trial->policy.name, "random_weight");
  EXPECT_EQ(orders.balancer.trial->rules.kind, TrialKind::kShadow);
  ASSERT_NE(orders.limiters[0].trial, nullptr);
  const TrialConfig& canary = *orders.limiters[0].trial;
  EXPECT_EQ(canary.policy.options.Find("rate")->scalar, "5");
  EXPECT_EQ(canary.rules, (TrialRules{TrialKind::kCanary, 0.025, 0, 1.5}));
}

TEST_F(Native, ACanaryHasDefaultsAndAnErrorRateCanBeOff) {
  const Config& config =
      Good(WithProxyKeys("balancer: {min_conn: , canary: {policy: mine, share: 100%, rollback: {error_rate: off}}}"));
  EXPECT_EQ(config.proxies[0].balancer.trial->rules, (TrialRules{TrialKind::kCanary, 1, 3, 0}));
}

TEST_F(Native, APolicyCalledShadowIsAPolicyWhenItStandsAlone) {
  const Config& config = Good(WithProxyKeys("balancer: {shadow: {a: 1}}"));
  EXPECT_EQ(config.proxies[0].balancer.name, "shadow");
  EXPECT_EQ(config.proxies[0].balancer.trial, nullptr);
}

}  // namespace
}  // namespace myelin
