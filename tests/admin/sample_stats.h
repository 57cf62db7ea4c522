// SPDX-License-Identifier: Apache-2.0
//
// A HostStats in which every number differs from every other, so that a mix-up shows.
#pragma once

#include "base/stats.h"

namespace myelin::test {

inline EndpointStats SampleEndpoint() {
  EndpointStats endpoint;
  endpoint.address = "10.0.0.1:50051";
  endpoint.id = 7;
  endpoint.weight = 10;
  endpoint.state = "up";
  endpoint.in_flight = 3;
  endpoint.calls[0] = 101;
  endpoint.calls[14] = 5;
  endpoint.latency.buckets[3] = 90;  // up to 1 ms
  endpoint.latency.buckets[6] = 14;  // up to 10 ms
  endpoint.latency.buckets[16] = 2;  // above 60 s
  endpoint.latency.sum_seconds = 130.5;
  endpoint.latency.count = 106;
  endpoint.bytes_sent = 2048;
  endpoint.bytes_received = 4096;
  endpoint.connections_connecting = 1;
  endpoint.connections_ready = 4;
  endpoint.connections_draining = 2;
  endpoint.connections_opened = 19;
  endpoint.connect_failures = 6;
  endpoint.queued = 8;
  return endpoint;
}

inline HookStats SampleHook() {
  HookStats hook;
  hook.hook = "pick";
  hook.calls = 25600;
  hook.passed_over = 31;
  hook.times[6] = 90;  // up to 64 ns
  hook.times[7] = 9;   // up to 128 ns
  hook.times[39] = 1;  // up to 550 s
  hook.sum_seconds = 400.25;
  hook.max_seconds = 400;
  return hook;
}

inline PolicyStats SamplePolicy() {
  PolicyStats policy;
  policy.kind = "balancer";
  policy.name = "min_conn";
  policy.strikes = 2;
  policy.file = "/p/myelin_min_conn.so";
  policy.version = "1.2.3";
  policy.hash = "9f2c1e0c5b7a4d61";
  policy.generation = 4;
  policy.quarantined = true;
  policy.quarantine_reason = "2 invalid answers";
  policy.slow_hooks = 14;
  policy.hooks = {SampleHook()};
  return policy;
}

inline PolicyStats SamplePool() {
  PolicyStats policy;
  policy.kind = "pool";
  policy.name = "loose";
  return policy;
}

inline HostStats SampleStats() {
  ProxyStats proxy;
  proxy.name = "orders";
  proxy.listen = {"0.0.0.0:30880"};
  proxy.downstream_connections = {23, 24};
  proxy.balancer = "min_conn";
  proxy.pool = "loose";
  proxy.in_flight = 11;
  proxy.calls[0] = 100;
  proxy.calls[8] = 12;
  proxy.refused_by_host = 13;
  proxy.queue_timeouts = 9;
  proxy.connections = {30, 25};
  proxy.endpoints = {SampleEndpoint()};
  proxy.limiters = {{"token_bucket", 500, 17, 12}, {"token_bucket", 400, 0, 1}};
  proxy.policies = {SamplePolicy(), SamplePool()};
  HostStats stats;
  stats.version = "1.0.0";
  stats.uptime_seconds = 12.5;
  stats.workers = 4;
  stats.stuck_workers = 1;
  stats.buffered_bytes = {{0, 26}, {1, 27}};
  stats.abuse[0] = 28;
  stats.abuse[11] = 29;
  stats.proxies = {proxy};
  stats.plugin_metrics = {{"keys", "Keys that the bucket knows.", false, "orders", "token_bucket", 21},
                          {"evictions", "Keys forgotten.", true, "orders", "token_bucket", 22}};
  return stats;
}

}  // namespace myelin::test
