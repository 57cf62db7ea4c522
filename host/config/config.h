// SPDX-License-Identifier: Apache-2.0
//
// What the host is asked to do, typed and complete: every default is filled in. Made by ReadConfig
// from YAML and flags, then read-only; proxy/ builds a generation from it. Durations of zero mean "off".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/node.h"
#include "base/units.h"
#include "guard/settings.h"

namespace myelin {

using namespace std::chrono_literals;

struct TrialConfig;

/// A policy by name and its options as written; plugin/ checks the options against the policy's table.
struct PolicyConfig {
  std::string name;  // `min_conn`, or a path to a .so
  Node options;      // a map, possibly empty
  Origin origin;
  std::string hash{};                          // SHA-256 of the one .so that will do; empty: whatever is found
  std::shared_ptr<const TrialConfig> trial{};  // nullptr: none; shared by copies of the configuration
};

/// A policy on trial beside the one that has this.
struct TrialConfig {
  PolicyConfig policy;
  TrialRules rules;
};

struct EndpointConfig {
  std::string address;  // host:port, [v6]:port or unix:/path
  uint32_t weight = 1;
  uint32_t priority = 0;
  std::string locality;
  std::vector<std::pair<std::string, std::string>> metadata;
  Origin origin;
};

struct ListenConfig {
  std::string address;  // host:port, :port, [v6]:port or unix:/path; port 0 takes a free one
  Origin origin;
};

/// All the conditions given must hold; an empty one holds always.
struct RouteConfig {
  std::vector<std::pair<std::string, std::string>> metadata;
  std::string service;
  std::string method;
  std::string to;  // the proxy that the call goes to
  Origin origin;
};

struct TimeoutConfig {
  Duration connect = 5s;
  Duration request = 0s;
  Duration stream_idle = 1h;
  Duration queue = 1s;
};

struct BackoffConfig {
  Duration base = 100ms;
  Duration max = 3s;
  double jitter = 0.2;
};

struct KeepaliveConfig {
  Duration time = 5min;
  Duration timeout = 20s;
};

enum class PumpKind { kFrame, kGeneric };

struct ProxyConfig {
  std::string name;
  std::vector<ListenConfig> listen;
  std::vector<EndpointConfig> endpoints;
  PolicyConfig balancer;
  PolicyConfig pool;
  std::vector<PolicyConfig> limiters;
  TimeoutConfig timeouts;
  BackoffConfig backoff;
  KeepaliveConfig keepalive;
  Duration dns_refresh = 30s;  // between lookups of endpoints' names
  ProxyLimits limits;
  std::vector<RouteConfig> routes;
  PumpKind pump = PumpKind::kFrame;
  bool access_log = false;
  GuardSettings guards;
  Origin origin;
};

struct LogConfig {
  std::string level = "info";   // trace debug info warning error critical off
  std::string format = "text";  // text | json
  std::string file;             // empty: standard error
  Duration rotate = 24h;
  Duration keep = 24h * 30;
  uint64_t max_size = 100ULL << 20;  // bytes; a file this large is rotated early
};

struct Config {
  uint32_t workers = 0;  // 0: as many as there are cores
  std::vector<std::string> plugin_dirs;
  std::string admin_listen;  // host:port; empty: no admin listener
  LogConfig log;
  Duration drain_timeout = 30s;
  uint32_t max_generations = 100;  // so many different plugin files are loaded in the life of a process
  std::string crash_file;          // empty: a file of its own for each configuration, see host/guard/crash_file.h
  HostLimits limits;
  std::vector<ProxyConfig> proxies;
};

}  // namespace myelin
