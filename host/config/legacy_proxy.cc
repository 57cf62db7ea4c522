// SPDX-License-Identifier: Apache-2.0
#include "config/legacy_proxy.h"

#include <array>
#include <utility>

#include "config/endpoint_text.h"
#include "config/legacy_reader.h"
#include "config/reader.h"

namespace myelin {
namespace {

constexpr uint32_t kMaxConnections = 10'000;
// A `loose` pool grows up to 64 by itself; one that starts larger must be allowed to be larger.
constexpr int64_t kUsualMaxSize = 64;

class LegacyProxyMapper {
 public:
  LegacyProxyMapper(const Node& entry, const std::string& listen_host, Diagnostics& diagnostics,
                    std::vector<std::string>& revived)
      : entry_(entry),
        listen_host_(listen_host),
        diagnostics_(diagnostics),
        revived_(revived),
        reader_(entry, diagnostics),
        native_(Node::Map(entry.origin)) {}

  Node Map() {
    if (const Node* name = reader_.Scalar("PROXY_NAME")) native_.Set("name", *name);
    MapListen();
    MapEndpoints();
    MapBalancer();
    MapPool();
    MapTimes();
    reader_.Find("ENABLED");
    reader_.Finish("proxy_list");
    return std::move(native_);
  }

 private:
  void MapListen() {
    const Node* local = reader_.Scalar("PROXY_LOCAL_ADDR");
    const Node* port = reader_.Scalar("PROXY_PORT");
    const Node* exposed = reader_.Scalar("EXPOSE_PROXY_PORT");
    if (port != nullptr && exposed != nullptr && port->scalar != exposed->scalar) {
      diagnostics_.Warning(exposed->origin, WrongValue("EXPOSE_PROXY_PORT", exposed->scalar, "has no effect",
                                                       "one port; PROXY_PORT, which is " + Quoted(port->scalar)));
    }
    if (port == nullptr) port = exposed;
    if (port == nullptr) {
      diagnostics_.Error(entry_.origin, "PROXY_PORT is missing; accepted: a port from 0 to 65535");
      return;
    }
    std::string host = local == nullptr ? listen_host_ : local->scalar;
    // An address that names its own port, as some spelled it.
    const std::string text = port->scalar;
    if (host.find(':') != std::string::npos && host.front() != '[') host = "[" + host + "]";
    native_.Set("listen", Node::Scalar(text.starts_with(":") ? host + text : host + ":" + text, port->origin));
  }

  void MapEndpoints() {
    const Node* endpoints = reader_.Find("GRPC_PROXY_ENDPOINTS");
    if (endpoints == nullptr) return;
    native_.Set("endpoints", *endpoints);
    for (const Node* endpoint : OneOrMany(endpoints)) {
      const std::string_view weight = SplitWeight(endpoint->scalar).second;
      if (weight.empty() || weight == "1") continue;
      Revive(*endpoint, "the weights of GRPC_PROXY_ENDPOINTS", "share the calls out");
      return;
    }
  }

  void MapBalancer() {
    const Node* model = reader_.Scalar("PROXY_MODEL");
    if (model == nullptr) return;
    std::string name = "random_weight";
    if (EqualsIgnoringCase(model->scalar, "minConn")) {
      name = "min_conn";
    } else if (!EqualsIgnoringCase(model->scalar, "randomWeight")) {
      constexpr std::array<std::string_view, 2> kModels{"randomWeight", "minConn"};
      diagnostics_.Warning(
          model->origin, WrongValue("PROXY_MODEL", model->scalar, "is unknown, randomWeight is used", OneOf(kModels)) +
                             DidYouMean(model->scalar, kModels));
    }
    native_.Set("balancer", Node::Scalar(name, model->origin));
  }

  void MapPool() {
    const bool pooled = reader_.Switch("POOL_ENABLED", true);
    const bool reusable = reader_.Switch("GRPC_REQUEST_REUSABLE", true);
    const std::optional<Node> model = reader_.Whole("POOL_MODEL", 0, 1);
    const std::optional<Node> size = reader_.Whole("DEFAULT_GRPC_CONN_NUM", 0, kMaxConnections);
    const std::optional<Node> idle = reader_.Time("REQUEST_IDLE_TIME", "s");
    const std::optional<Node> max_life = reader_.Time("REQUEST_MAX_LIFE", "s");
    if (!pooled) {
      const Origin origin = reader_.Scalar("POOL_ENABLED")->origin;
      Node options = Node::Map(origin);
      options.Set("size", Node::Scalar("1", origin));
      // One connection for all calls, however many.
      options.Set("streams", Node::Scalar("0", origin));
      SetPool("strict", std::move(options));
      return;
    }
    Node options = Node::Map(entry_.origin);
    const bool strict = model && model->scalar == "0";
    SetSize(size, strict, options);
    if (idle) options.Set("idle", *idle);
    if (max_life) {
      options.Set("max_life", *max_life);
      Revive(*max_life, "REQUEST_MAX_LIFE", "is the age at which a connection is retired");
    }
    if (!reusable) options.Set("streams", Node::Scalar("1", reader_.Scalar("GRPC_REQUEST_REUSABLE")->origin));
    if (model) options.origin = model->origin;
    SetPool(strict ? "strict" : "loose", std::move(options));
  }

  // 0 is the original's "not given".
  static void SetSize(const std::optional<Node>& size, bool strict, Node& options) {
    if (!size || size->scalar == "0") return;
    options.Set("size", *size);
    const int64_t count = *ParseWhole(size->scalar);
    if (!strict && count > kUsualMaxSize) {
      options.Set("max_size", Node::Scalar(std::to_string(2 * count), size->origin));
    }
  }

  void SetPool(const std::string& name, Node options) {
    Node pool = Node::Map(options.origin);
    pool.Set(name, std::move(options));
    native_.Set("pool", std::move(pool));
  }

  void MapTimes() {
    MapTime("DIAL_TIMEOUT", "timeouts", "connect", "limits how long a connection may take to open");
    MapTime("REQUEST_TIMEOUT", "timeouts", "request", "limits how long a call may take");
    const Node* delay = reader_.Find("BACKOFF_MAX_DELAY");
    const bool has_delay = delay != nullptr && delay->IsScalar() && delay->scalar != "0";
    if (has_delay) MapTime("BACKOFF_MAX_DELAY", "backoff", "max", "bounds the pause between attempts to connect");
    MapTime("KEEPALIVE_TIME", "keepalive", "time", "is the time between keepalive pings");
    const Node* timeout = reader_.Find("KEEPALIVE_TIMEOUT");
    const bool has_timeout = timeout != nullptr && timeout->IsScalar() && timeout->scalar != "0";
    if (has_timeout) MapTime("KEEPALIVE_TIMEOUT", "keepalive", "timeout", "is how long a ping may stay unanswered");
  }

  void MapTime(const char* key, const char* group, const char* field, const char* effect) {
    const std::optional<Node> time = reader_.Time(key, "s");
    if (!time) return;
    if (native_.Find(group) == nullptr) native_.Set(group, Node::Map(time->origin));
    native_.Find(group)->Set(field, *time);
    // The original took a bare 3 for three nanoseconds, or never passed the value on.
    Revive(*time, key, effect);
  }

  void Revive(const Node& value, const std::string& what, const std::string& effect) {
    if (value.scalar == "0s") return;
    revived_.push_back(value.origin.ToString() + ": " + what + " (" + value.scalar +
                       ") had no effect in the original and now " + effect);
  }

  const Node& entry_;
  const std::string& listen_host_;
  Diagnostics& diagnostics_;
  std::vector<std::string>& revived_;
  LegacyReader reader_;
  Node native_;
};

}  // namespace

std::optional<Node> MapLegacyProxy(const Node& entry, const std::string& listen_host, Diagnostics& diagnostics,
                                   std::vector<std::string>& revived) {
  if (!LegacyReader(entry, diagnostics).Switch("ENABLED", true)) return std::nullopt;
  return LegacyProxyMapper(entry, listen_host, diagnostics, revived).Map();
}

}  // namespace myelin
