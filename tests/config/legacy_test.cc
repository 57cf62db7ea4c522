// SPDX-License-Identifier: Apache-2.0
//
// The Go gateway's files load as they stand, and every key of theirs lands where it has its effect.
#include "config/legacy.h"

#include "loading.h"

namespace myelin {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

const std::string kHead = "proxy:\n  setting:\n    LISTEN_PROXY_ADDR: '0.0.0.0'\n  proxy_list:\n";

// The original's file, with its odd endpoints.
const std::string kOriginal = kHead + R"(    - PROXY_NAME: 'default'
      ENABLED: true
      POOL_ENABLED: true
      DIAL_TIMEOUT: 5
      BACKOFF_MAX_DELAY: 3
      KEEPALIVE_TIME: 3
      KEEPALIVE_TIMEOUT: 5
      REQUEST_IDLE_TIME: 10
      REQUEST_MAX_LIFE: 60
      REQUEST_TIMEOUT: 3
      POOL_MODEL: 1
      PROXY_MODEL: 'randomWeight'
      GRPC_REQUEST_REUSABLE: true
      DEFAULT_GRPC_CONN_NUM: 4
      PROXY_PORT: '30680'
      GRPC_PROXY_ENDPOINTS:
        - 172.18.*.*:30880#10
        - 172.18.*.*:30880#10
)";

const std::string kHostFile = R"(RUN_MODE: 'dev'
HTTP_DEBUG_MODE: 'debug'
HTTP_TIME_DURATION: 10
HTTP_SERVER_PORT: '9850'
LOG_LEVEL: 'info'
LOG_MAX_AGE: 43200
LOG_ROTATION_TIME: 1140
)";

class Legacy : public Loading {
 protected:
  // One entry with a name, a port and an endpoint, and these lines beside.
  const ProxyConfig& Entry(const std::string& keys) {
    return Good(kHead + "    - PROXY_NAME: a\n      PROXY_PORT: 1\n      GRPC_PROXY_ENDPOINTS: ['b:1']\n      " + keys +
                "\n")
        .proxies.at(0);
  }

  static std::string Option(const PolicyConfig& policy, const std::string& key) {
    const Node* node = policy.options.Find(key);
    return node == nullptr ? "" : node->scalar;
  }

  const Config& Host(const std::string& keys) {
    Write("Config.yaml", keys);
    Write("c.yaml", kOriginal);
    LoadFiles({"c.yaml", "Config.yaml"});
    EXPECT_THAT(Errors(), IsEmpty());
    return loaded_.config;
  }
};

TEST_F(Legacy, TheOriginalsFilesLoadUnchanged) {
  Write("ProxyConfig.yaml", kOriginal);
  Write("Config.yaml", kHostFile);
  for (const std::vector<std::string>& files : {std::vector<std::string>{"ProxyConfig.yaml"},
                                                {"ProxyConfig.yaml", "Config.yaml"},
                                                {"Config.yaml", "ProxyConfig.yaml"}}) {
    LoadFiles(files);
    EXPECT_THAT(Errors(), IsEmpty());
    EXPECT_TRUE(loaded_.legacy);
    EXPECT_EQ(loaded_.config.proxies.size(), 1u);
  }
  EXPECT_THAT(Warnings(), Contains(HasSubstr("Config.yaml:4:19: warning: HTTP_SERVER_PORT listens on 127.0.0.1 only")));
}

TEST_F(Legacy, PlaceholdersAndTwinsAreKeptWithAWarning) {
  const ProxyConfig& proxy = Good(kOriginal).proxies.at(0);
  ASSERT_EQ(proxy.endpoints.size(), 2u);
  EXPECT_EQ(proxy.endpoints[0].address, "172.18.*.*:30880");
  EXPECT_EQ(proxy.endpoints[1].weight, 10u);
  EXPECT_THAT(Warnings(), Contains(HasSubstr("c.yaml:21:11: warning: endpoint '172.18.*.*:30880' has a '*'")));
  EXPECT_THAT(Warnings(), Contains(HasSubstr("is there twice, first at c.yaml:21:11")));
}

TEST_F(Legacy, KeysComeInAnyCase) {
  const ProxyConfig& proxy =
      Good(
          "Proxy:\n  Setting: {listen_proxy_addr: 127.0.0.1}\n  Proxy_List:\n"
          "    - {proxy_name: a, Proxy_Port: 7, grpc_proxy_endpoints: ['b:1'], dial_timeout: 9}\n")
          .proxies.at(0);
  EXPECT_EQ(proxy.listen.at(0).address, "127.0.0.1:7");
  EXPECT_EQ(proxy.timeouts.connect, 9s);
}

TEST_F(Legacy, ListenAddress) {
  EXPECT_EQ(Good(kOriginal).proxies.at(0).listen.at(0).address, "0.0.0.0:30680");
  EXPECT_EQ(loaded_.config.proxies.at(0).listen.at(0).origin.ToString(), "c.yaml:19:19");
  EXPECT_EQ(Entry("PROXY_LOCAL_ADDR: '127.0.0.1'").listen.at(0).address, "127.0.0.1:1");
  EXPECT_EQ(Entry("PROXY_LOCAL_ADDR: '::1'").listen.at(0).address, "[::1]:1");
  Good("proxy:\n  proxy_list: [{PROXY_NAME: a, EXPOSE_PROXY_PORT: 8, GRPC_PROXY_ENDPOINTS: ['b:1']}]\n");
  EXPECT_EQ(loaded_.config.proxies.at(0).listen.at(0).address, ":8");
}

TEST_F(Legacy, TwoPortsThatDifferAreAWarning) {
  EXPECT_EQ(Entry("EXPOSE_PROXY_PORT: '2'").listen.at(0).address, "0.0.0.0:1");
  EXPECT_THAT(Warnings(), ElementsAre(HasSubstr("EXPOSE_PROXY_PORT: '2' has no effect")));
}

TEST_F(Legacy, Name) { EXPECT_EQ(Entry("ENABLED: true").name, "a"); }

TEST_F(Legacy, EnabledFalseSkipsTheEntryWhateverIsInIt) {
  Good(kOriginal +
       "    - {PROXY_NAME: off, ENABLED: false, PROXY_PORT: nonsense, POOL_MODEL: 9}\n"
       "    - {PROXY_NAME: off, ENABLED: 'FALSE'}\n");
  EXPECT_EQ(loaded_.config.proxies.size(), 1u);
  EXPECT_THAT(loaded_.config.proxies[0].routes, IsEmpty());
}

TEST_F(Legacy, PoolEnabledFalseIsOneSharedConnection) {
  const ProxyConfig& proxy = Entry("POOL_ENABLED: 'false'\n      DEFAULT_GRPC_CONN_NUM: 4\n      POOL_MODEL: 1");
  EXPECT_EQ(proxy.pool.name, "strict");
  EXPECT_EQ(Option(proxy.pool, "size"), "1");
  EXPECT_EQ(Option(proxy.pool, "streams"), "0");
}

TEST_F(Legacy, PoolModel) {
  EXPECT_EQ(Entry("POOL_MODEL: 0").pool.name, "strict");
  EXPECT_EQ(Entry("POOL_MODEL: '1'").pool.name, "loose");
}

TEST_F(Legacy, ConnectionNumberIsThePoolsSize) {
  EXPECT_EQ(Option(Entry("DEFAULT_GRPC_CONN_NUM: 4").pool, "size"), "4");
  EXPECT_EQ(Option(loaded_.config.proxies[0].pool, "max_size"), "");
  EXPECT_EQ(Option(Entry("DEFAULT_GRPC_CONN_NUM: 0").pool, "size"), "");
  EXPECT_EQ(Option(Entry("DEFAULT_GRPC_CONN_NUM: 100").pool, "max_size"), "200");
}

TEST_F(Legacy, IdleTimeAndMaxLifeArePoolOptions) {
  EXPECT_EQ(Option(Entry("REQUEST_IDLE_TIME: 10").pool, "idle"), "10s");
  EXPECT_EQ(Option(Entry("REQUEST_MAX_LIFE: '60'").pool, "max_life"), "1m");
}

TEST_F(Legacy, NotReusableIsOneCallPerConnection) {
  EXPECT_EQ(Option(Entry("GRPC_REQUEST_REUSABLE: false").pool, "streams"), "1");
  EXPECT_EQ(Option(Entry("GRPC_REQUEST_REUSABLE: true").pool, "streams"), "");
}

TEST_F(Legacy, Timeouts) {
  EXPECT_EQ(Entry("DIAL_TIMEOUT: 7").timeouts.connect, 7s);
  EXPECT_EQ(Entry("REQUEST_TIMEOUT: 0.5").timeouts.request, 500ms);
  EXPECT_EQ(Entry("BACKOFF_MAX_DELAY: 9").backoff.max, 9s);
  EXPECT_EQ(Entry("BACKOFF_MAX_DELAY: 0").backoff.max, BackoffConfig().max);
}

TEST_F(Legacy, KeepaliveIsKeptHoweverShort) {
  EXPECT_EQ(Entry("KEEPALIVE_TIME: 3").keepalive.time, 3s);
  EXPECT_THAT(Warnings(), ElementsAre(HasSubstr("c.yaml:8:23: warning: keepalive every 3s in proxy 'a': most gRPC "
                                                "servers answer too_many_pings")));
  EXPECT_EQ(Entry("KEEPALIVE_TIMEOUT: 4").keepalive.timeout, 4s);
  EXPECT_EQ(Entry("KEEPALIVE_TIME: 0").keepalive.time, 0s);
}

TEST_F(Legacy, ProxyModel) {
  EXPECT_EQ(Entry("PROXY_MODEL: 'randomWeight'").balancer.name, "random_weight");
  EXPECT_EQ(Entry("PROXY_MODEL: MINCONN").balancer.name, "min_conn");
  EXPECT_EQ(Entry("PROXY_MODEL: minCon").balancer.name, "random_weight");
  EXPECT_THAT(Warnings(), ElementsAre("c.yaml:8:20: warning: PROXY_MODEL: 'minCon' is unknown, randomWeight is used; "
                                      "accepted: randomWeight or minConn, did you mean 'minConn'?"));
}

TEST_F(Legacy, EndpointsAndWeights) {
  const ProxyConfig& proxy = Good(kHead +
                                  "    - PROXY_NAME: a\n      PROXY_PORT: 1\n      GRPC_PROXY_ENDPOINTS:\n"
                                  "        - b:1#10\n        - c:2\n")
                                 .proxies.at(0);
  EXPECT_EQ(proxy.endpoints.at(0).weight, 10u);
  EXPECT_EQ(proxy.endpoints.at(1).weight, 1u);
}

TEST_F(Legacy, ACallsProxyMetadataReachesEveryOtherProxy) {
  const Config& config = Good(kHead +
                              "    - {PROXY_NAME: a, PROXY_PORT: 1, GRPC_PROXY_ENDPOINTS: ['b:1']}\n"
                              "    - {PROXY_NAME: b, PROXY_PORT: 2, GRPC_PROXY_ENDPOINTS: ['b:1']}\n"
                              "    - {PROXY_NAME: c, PROXY_PORT: 3, GRPC_PROXY_ENDPOINTS: ['b:1']}\n");
  ASSERT_EQ(config.proxies.size(), 3u);
  ASSERT_EQ(config.proxies[1].routes.size(), 2u);
  EXPECT_THAT(config.proxies[1].routes[0].metadata, ElementsAre(Pair("proxy", "a")));
  EXPECT_EQ(config.proxies[1].routes[0].to, "a");
  EXPECT_EQ(config.proxies[1].routes[1].to, "c");
}

TEST_F(Legacy, HostKeys) {
  const Config& config = Host(kHostFile);
  EXPECT_EQ(config.admin_listen, "127.0.0.1:9850");
  EXPECT_EQ(config.log.level, "info");
  EXPECT_EQ(config.log.keep, 43200min);
  EXPECT_EQ(config.log.rotate, 1140min);
  EXPECT_EQ(config.log.format, "text");
  EXPECT_EQ(Host("RUN_MODE: prod\n").log.format, "json");
  EXPECT_EQ(Host("LOG_LEVEL: WARN\n").log.level, "warning");
  EXPECT_EQ(Host("HTTP_SERVER_PORT: 9851\n").admin_listen, "127.0.0.1:9851");
  EXPECT_EQ(Host("HTTP_SERVER_PORT: ':9852'\n").admin_listen, "127.0.0.1:9852");
  EXPECT_EQ(Host("HTTP_SERVER_PORT: '0.0.0.0:9853'\n").admin_listen, "0.0.0.0:9853");
}

TEST_F(Legacy, UnknownKeysAreWarnings) {
  Entry("PROXY_MODLE: minConn");
  EXPECT_THAT(Warnings(),
              ElementsAre("c.yaml:8:7: warning: unknown key 'PROXY_MODLE' in proxy_list is ignored, did you "
                          "mean 'PROXY_MODEL'?"));
}

TEST_F(Legacy, WrongValuesAreErrorsWithTheirPlace) {
  Load(kHead +
       "    - PROXY_NAME: a\n      PROXY_PORT: x\n      POOL_MODEL: 2\n      DIAL_TIMEOUT: -1\n"
       "      ENABLED: maybe\n      GRPC_PROXY_ENDPOINTS: ['b']\n");
  EXPECT_THAT(
      Errors(),
      testing::UnorderedElementsAre(
          HasSubstr("c.yaml:6:19: error: proxies.a.listen: '0.0.0.0:x' has a port that is no number"),
          HasSubstr("c.yaml:7:19: error: POOL_MODEL: '2' is out of range; accepted: a whole number from 0 to 1"),
          HasSubstr("c.yaml:8:21: error: DIAL_TIMEOUT: '-1' is not a time; accepted: a number of seconds"),
          HasSubstr("c.yaml:9:16: error: ENABLED: 'maybe' is not a switch"),
          HasSubstr("c.yaml:10:30: error: proxies.a.endpoints[0]: 'b' has no port")));
}

TEST_F(Legacy, OddShapesAreErrorsAndNoCrash) {
  for (const char* text :
       {"proxy: {proxy_list: }", "proxy: {proxy_list: 5}", "proxy: {proxy_list: {}}", "proxy: {proxy_list: [[]]}",
        "proxy: {proxy_list: [{}], setting: 5}", "proxy: {proxy_list: [{GRPC_PROXY_ENDPOINTS: {a: b}}]}",
        "proxy: {proxy_list: [{PROXY_NAME: [], POOL_ENABLED: []}]}"}) {
    Load(text);
    EXPECT_FALSE(Errors().empty()) << text;
  }
  Load("proxy: 5");
  EXPECT_THAT(Errors(), Contains(HasSubstr("unknown key 'proxy'")));
  EXPECT_FALSE(loaded_.legacy);
}

TEST_F(Legacy, FilesThatDoNotBelongTogetherAreErrors) {
  Write("old.yaml", kOriginal);
  Write("host.yaml", kHostFile);
  Write("new.yaml", WithProxyKeys(""));
  LoadFiles({"host.yaml"});
  EXPECT_THAT(Errors(),
              ElementsAre(HasSubstr("host.yaml: error: names no proxies; accepted: the legacy ProxyConfig.yaml")));
  LoadFiles({"old.yaml", "old.yaml"});
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("old.yaml: error: is a second legacy ProxyConfig.yaml")));
  LoadFiles({"new.yaml", "host.yaml"});
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("host.yaml: error: is a legacy file beside the native new.yaml")));
  LoadFiles({"new.yaml", "new.yaml"});
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("new.yaml: error: is a second configuration, after new.yaml")));
}

TEST_F(Legacy, ConvertSaysWhichKeysComeToLife) {
  Good(kOriginal);
  std::string all;
  for (const std::string& line : loaded_.revived_keys) all += line + "\n";
  for (const char* key :
       {"c.yaml:21:11: the weights of GRPC_PROXY_ENDPOINTS", "c.yaml:8:21: DIAL_TIMEOUT (5s)", "BACKOFF_MAX_DELAY (3s)",
        "KEEPALIVE_TIME (3s)", "KEEPALIVE_TIMEOUT (5s)", "REQUEST_TIMEOUT (3s)", "REQUEST_MAX_LIFE (1m)"}) {
    EXPECT_THAT(all, HasSubstr(key));
  }
  EXPECT_EQ(loaded_.revived_keys.size(), 7u);
  Entry("REQUEST_TIMEOUT: 0");
  EXPECT_THAT(loaded_.revived_keys, IsEmpty());
  Good(WithProxyKeys(""));
  EXPECT_THAT(loaded_.revived_keys, IsEmpty());
}

TEST_F(Legacy, OverridesApplyToTheMappedForm) {
  const Config& config = Good(kOriginal, {{"--balancer", "min_conn"}, {"--set", "proxies.default.pool.loose.size=9"}});
  EXPECT_EQ(config.proxies.at(0).balancer.name, "min_conn");
  EXPECT_EQ(Option(config.proxies.at(0).pool, "size"), "9");
}

}  // namespace
}  // namespace myelin
