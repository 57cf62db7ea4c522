// SPDX-License-Identifier: Apache-2.0
#include "policy_world.h"

#include <stdexcept>
#include <utility>

#include "proxy/proxy_policies.h"

namespace myelin::bench {
namespace {

LogOptions Quiet() {
  LogOptions options;
  options.level = LogLevel::kError;
  return options;
}

PolicyConfig Policy(std::string name, const std::vector<std::pair<std::string, std::string>>& options) {
  PolicyConfig config{std::move(name), Node::Map(), {"bench", 0, 0}};
  for (const auto& [key, value] : options) config.options.Set(key, Node::Scalar(value));
  return config;
}

class ReadyConnection final : public Connection {
 public:
  bool IsOpen() override { return true; }
  void Close() override { delete this; }
};

}  // namespace

class PolicyWorld::ReadyConnector final : public Connector {
 public:
  ConnectionPtr Open(const Endpoint&, const ConnectionOptions&, Connection::Observer& observer) override {
    auto* connection = new ReadyConnection;
    opened_.emplace_back(connection, &observer);
    return ConnectionPtr(connection);
  }

  // A pool may open more as it hears of the first.
  void MakeReady() {
    while (!opened_.empty()) {
      const auto opened = std::exchange(opened_, {});
      for (const auto& [connection, observer] : opened) observer->OnReady(*connection);
    }
  }

 private:
  std::vector<std::pair<Connection*, Connection::Observer*>> opened_;
};

PolicyWorld::PolicyWorld(const PolicySet& set)
    : log_(Quiet()),
      catalog_({MYELIN_PLUGIN_DIR}),
      connector_(std::make_unique<ReadyConnector>()),
      worker_(0, control_, log_) {
  worker_.connector = connector_.get();
  CreatePolicies(set);
  for (uint32_t i = 0; i < set.endpoints; ++i) {
    Endpoint::Spec spec;
    spec.address = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":50051";
    spec.weight = 1 + i % 10;
    parts_.endpoints.push_back(std::make_shared<Endpoint>(std::move(spec), i, 1));
  }
  counters_ = std::make_unique<ProxyCounters>();
  shard_ = std::make_unique<ProxyShard>(worker_, parts_, *counters_, EndpointPool::Options());
  AddRoutes();
  std::string why;
  const auto snapshot = Snapshot::Make(parts_.endpoints, 1, parts_.balancer, control_, why);
  if (!snapshot) throw std::runtime_error(why);
  shard_->SetSnapshot(snapshot);
  shard_->Start();
  connector_->MakeReady();
}

PolicyWorld::~PolicyWorld() {
  shard_->Close();
  shard_.reset();
  control_.Run([] {});
}

void PolicyWorld::CreatePolicies(const PolicySet& set) {
  ProxyConfig proxy;
  proxy.name = "bench";
  proxy.balancer = Policy(set.balancer, {});
  proxy.pool = Policy("loose", {{"size", "4"}});
  proxy.limiters.push_back(
      Policy("token_bucket", {{"rate", "1000000000"}, {"burst", "1000000000"}, {"key", set.limiter_key}}));
  Diagnostics diagnostics;
  ProxyPolicies made =
      myelin::CreatePolicies(proxy, catalog_, {proxy.name, 1, &parts_.keys, &control_, &metrics_, &log_}, diagnostics);
  if (diagnostics.HasErrors()) throw std::runtime_error(diagnostics.all().front().ToString());
  parts_.settings.name = proxy.name;
  parts_.balancer = std::move(made.balancer);
  parts_.pool = std::move(made.pool);
  parts_.limiters = std::move(made.limiters);
  parts_.health_changed = [](const std::shared_ptr<Endpoint>&, bool, const std::string&) {};
}

// Two that the call does not match: both are tried, and the call stays.
void PolicyWorld::AddRoutes() {
  std::vector<Route> routes(2);
  routes[0].metadata = {{"proxy", "payments"}};
  routes[1].service = "shop.v1.Cart";
  routes[1].method = "Get";
  for (Route& route : routes) route.to = shard_.get();
  shard_->SetRoutes(std::move(routes));
}

void PolicyWorld::EndTurn() {
  shard_->FlushResults();
  worker_.timers.Advance(worker_.now_ns);
  connector_->MakeReady();
}

}  // namespace myelin::bench
