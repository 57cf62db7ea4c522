// SPDX-License-Identifier: Apache-2.0
//
// What the host can tell about itself at one moment, as plain values. proxy/ sums it up from the workers'
// cells on the control thread; admin/ renders it as Prometheus text and as JSON.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/abuse.h"

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
  std::string name;  // that the address was found under; empty when the address is what is configured
  uint64_t id = 0;
  uint32_t weight = 0;
  std::string state;  // up | down | draining
  uint64_t in_flight = 0;
  std::array<uint64_t, kGrpcStatusCount> calls{};  // ended, by grpc-status
  LatencyStats latency;                            // of whole calls, from pick to end
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
  uint64_t messages_sent = 0;
  uint64_t messages_received = 0;
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

/// A hook's times are counted by powers of two: bucket i holds those from 2^(i-1) to below 2^i ns.
inline constexpr size_t kHookBuckets = 40;

struct HookStats {
  std::string hook;  // as the ABI names it
  uint64_t calls = 0;
  uint64_t passed_over = 0;                    // decided by the host, the policy being quarantined
  std::array<uint64_t, kHookBuckets> times{};  // of the calls that were timed
  double sum_seconds = 0;                      // of these
  double max_seconds = 0;                      // of these, and of what the watchdog saw
};

/// How a policy does that is tried beside one that decides.
struct TrialStats {
  std::string kind;    // shadow | canary
  std::string beside;  // the policy that decides
  double share = 0;    // canary: of the calls
  uint64_t asked = 0;  // shadow: calls that both were asked about
  uint64_t diverged = 0;
  uint64_t calls = 0;  // canary: ended calls that it decided, and that the other did meanwhile
  uint64_t failed = 0;
  uint64_t calls_beside = 0;
  uint64_t failed_beside = 0;
  bool over = false;  // rolled back: the other decides all
  std::string reason;
};

struct PolicyStats {
  std::string kind;  // balancer | pool | limiter
  std::string name;
  uint64_t strikes = 0;  // invalid answers
  std::string file;      // the .so as deployed
  std::string version;   // of the plugin
  std::string hash;      // SHA-256 of the file's bytes
  uint64_t generation = 0;
  bool quarantined = false;
  std::string quarantine_reason;
  uint64_t slow_hooks = 0;  // calls that the watchdog saw go on for longer than guards.soft_limit
  std::vector<HookStats> hooks;
  std::optional<TrialStats> trial;  // none: it decides
};

struct PluginMetric {
  std::string name;  // without the myelin_plugin_ prefix
  std::string doc;
  bool counter = true;
  std::string proxy;
  std::string policy;
  uint64_t value = 0;
};

/// Connections of clients, since the start.
struct ConnectionTotals {
  uint64_t accepted = 0;
  uint64_t refused = 0;  // above limits.max_connections
};

struct ProxyStats {
  std::string name;
  std::vector<std::string> listen;               // as bound, so with the real port
  std::vector<uint64_t> downstream_connections;  // by worker; empty where the pump cannot tell
  std::string balancer;
  std::string pool;
  uint64_t in_flight = 0;                          // calls the host has not yet answered to the end
  uint64_t in_flight_old = 0;                      // of these, that came before the latest reload or swap
  std::array<uint64_t, kGrpcStatusCount> calls{};  // ended, by grpc-status sent downstream, the host's own included
  uint64_t refused_by_host = 0;                    // of these, answered without any upstream
  uint64_t queue_timeouts = 0;
  ConnectionTotals connections;
  std::vector<EndpointStats> endpoints;
  std::vector<LimiterStats> limiters;
  std::vector<PolicyStats> policies;
};

struct WorkerBytes {
  uint32_t worker = 0;
  uint64_t bytes = 0;  // held for peers that have not taken them yet
};

struct HostStats {
  std::string version;
  uint64_t generation = 1;       // counts configurations: one more with each reload and swap
  uint64_t swaps = 0;            // policies replaced by themselves
  uint64_t reloads = 0;          // that were applied
  uint64_t reloads_failed = 0;   // that were refused; nothing has changed
  uint64_t retired_proxies = 0;  // no longer configured, and calls are left
  uint64_t retired_in_flight = 0;
  double uptime_seconds = 0;
  uint32_t workers = 0;
  uint32_t stuck_workers = 0;  // in a hook of a policy for longer than guards.hard_limit
  bool draining = false;
  std::vector<WorkerBytes> buffered_bytes;
  std::array<uint64_t, kAbuseNames.size()> abuse{};  // peers that were told to calm down, by AbuseKind
  std::vector<ProxyStats> proxies;
  std::vector<PluginMetric> plugin_metrics;
};

}  // namespace myelin
