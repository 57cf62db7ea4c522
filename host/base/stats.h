// SPDX-License-Identifier: Apache-2.0
//
// What the host can tell about itself at one moment, as plain values. proxy/ sums it up from the workers'
// cells on the control thread; admin/ renders it as Prometheus text and as JSON.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace myelin {

inline constexpr size_t kGrpcStatusCount = 17;  // OK … UNAUTHENTICATED

/// Upper bounds of the latency histogram's buckets, in seconds; one more bucket holds what is above the last.
inline constexpr std::array<double, 16> kLatencyBounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                       0.05,   0.1,     0.25,   0.5,   1,      2.5,   10,   60};

struct LatencyStats {
  std::array<uint64_t, kLatencyBounds.size() + 1> buckets{};  // not cumulative
  double sum_seconds = 0;
  uint64_t count = 0;
};

struct EndpointStats {
  std::string address;
  uint64_t id = 0;
  uint32_t weight = 0;
  std::string state;  // up | down | draining
  uint64_t in_flight = 0;
  std::array<uint64_t, kGrpcStatusCount> calls{};  // ended, by grpc-status
  LatencyStats latency;                            // of whole calls, from pick to end
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
  uint64_t connections_connecting = 0;
  uint64_t connections_ready = 0;
  uint64_t connections_draining = 0;
  uint64_t connections_opened = 0;  // ever
  uint64_t connect_failures = 0;
  uint64_t queued = 0;  // calls that wait for a stream slot now
};

struct LimiterStats {
  std::string name;
  uint64_t admitted = 0;
  uint64_t delayed = 0;
  uint64_t rejected = 0;
};

struct PolicyStats {
  std::string kind;  // balancer | pool | limiter
  std::string name;
  uint64_t strikes = 0;  // invalid answers
};

struct PluginMetric {
  std::string name;  // without the myelin_plugin_ prefix
  std::string doc;
  bool counter = true;
  std::string proxy;
  std::string policy;
  uint64_t value = 0;
};

struct ProxyStats {
  std::string name;
  std::vector<std::string> listen;  // as bound, so with the real port
  std::string balancer;
  std::string pool;
  uint64_t in_flight = 0;                          // calls the host has not yet answered to the end
  std::array<uint64_t, kGrpcStatusCount> calls{};  // ended, by grpc-status sent downstream, the host's own included
  uint64_t refused_by_host = 0;                    // of these, answered without any upstream
  uint64_t queue_timeouts = 0;
  std::vector<EndpointStats> endpoints;
  std::vector<LimiterStats> limiters;
  std::vector<PolicyStats> policies;
};

struct HostStats {
  std::string version;
  double uptime_seconds = 0;
  uint32_t workers = 0;
  bool draining = false;
  std::vector<ProxyStats> proxies;
  std::vector<PluginMetric> plugin_metrics;
};

}  // namespace myelin
