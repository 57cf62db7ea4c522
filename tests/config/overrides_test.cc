// SPDX-License-Identifier: Apache-2.0
//
// Flags: a whole configuration without a file, and what they change in one.
#include "config/overrides.h"

#include "config/policy_text.h"
#include "loading.h"

namespace myelin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Overrides : public Loading {
 protected:
  const Config& Flags(std::vector<Override> overrides) { return LoadFiles({}, std::move(overrides)).config; }
  const ProxyConfig& Set(const std::string& text) { return Good(kFile, {{"--set", text}}).proxies.at(0); }
  std::string SetError(const std::string& text) {
    Load(kFile, {{"--set", text}});
    return testing::PrintToString(Errors());
  }

  const std::string kFile = WithProxyKeys("pool: loose");
  const std::string kTwo = WithProxyKeys("") + "  - {name: b.c, listen: ':1', endpoints: a:1}\n";
};

TEST_F(Overrides, FlagsAloneMakeAProxy) {
  const Config& config = Flags({{"--listen", ":30880"},
                                {"--endpoint", "127.0.0.1:50051#10"},
                                {"--endpoint", "127.0.0.1:50052"},
                                {"--balancer", "min_conn"},
                                {"--pool", "loose=size:4,idle:10s"},
                                {"--limiter", "access"},
                                {"--limiter", "token_bucket={rate: 5, key: \"metadata:x\"}"},
                                {"--pump", "generic"},
                                {"--workers", "2"},
                                {"--admin", ":9850"},
                                {"--log-level", "debug"},
                                {"--plugin-dir", "a"},
                                {"--plugin-dir", "b"},
                                {"--drain-timeout", "5s"}});
  ASSERT_THAT(Errors(), IsEmpty());
  ASSERT_EQ(config.proxies.size(), 1u);
  const ProxyConfig& proxy = config.proxies[0];
  EXPECT_EQ(proxy.name, "default");
  EXPECT_EQ(proxy.listen.at(0).address, ":30880");
  ASSERT_EQ(proxy.endpoints.size(), 2u);
  EXPECT_EQ(proxy.endpoints[0].weight, 10u);
  EXPECT_EQ(proxy.endpoints[1].weight, 1u);
  EXPECT_EQ(proxy.balancer.name, "min_conn");
  EXPECT_EQ(proxy.pool.options.Find("idle")->scalar, "10s");
  EXPECT_EQ(proxy.pool.options.Find("idle")->origin.ToString(), "--pool");
  ASSERT_EQ(proxy.limiters.size(), 2u);
  EXPECT_EQ(proxy.limiters[1].options.Find("key")->scalar, "metadata:x");
  EXPECT_EQ(config.workers, 2u);
  EXPECT_EQ(config.admin_listen, "127.0.0.1:9850");
  EXPECT_EQ(config.log.level, "debug");
  EXPECT_THAT(config.plugin_dirs, ElementsAre("a", "b"));
  EXPECT_EQ(config.drain_timeout, 5s);
}

TEST_F(Overrides, NothingAtAllIsAnError) {
  Flags({});
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("there is nothing to serve; accepted: --config FILE, or --listen")));
  Flags({{"--listen", ":1"}});
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("--listen: error: proxies.default.endpoints names no endpoint")));
}

TEST_F(Overrides, AFlagReplacesWhatTheFileSays) {
  const ProxyConfig& proxy =
      Good(kFile, {{"--endpoint", "b:1"}, {"--endpoint", "c:1"}, {"--listen", ":9"}, {"--balancer", "min_conn"}})
          .proxies.at(0);
  ASSERT_EQ(proxy.endpoints.size(), 2u);
  EXPECT_EQ(proxy.endpoints[0].address, "b:1");
  EXPECT_EQ(proxy.name, "orders");
  ASSERT_EQ(proxy.listen.size(), 1u);
  EXPECT_EQ(proxy.listen[0].address, ":9");
  EXPECT_EQ(proxy.listen[0].origin.ToString(), "--listen");
  EXPECT_EQ(proxy.balancer.name, "min_conn");
}

TEST_F(Overrides, AProxyFlagIsAmbiguousBesideSeveralProxies) {
  Load(kTwo, {{"--balancer", "min_conn"}, {"--workers", "2"}});
  EXPECT_THAT(Errors(), ElementsAre("--balancer: error: --balancer is ambiguous, as the file has 2 proxies; accepted: "
                                    "--set proxies.NAME.KEY=VALUE"));
  EXPECT_EQ(loaded_.config.workers, 2u);
}

TEST_F(Overrides, GlobalFlagsReplaceAScalarFormToo) {
  EXPECT_EQ(Good("admin: :1\n" + kTwo, {{"--admin", ":2"}}).admin_listen, "127.0.0.1:2");
}

TEST_F(Overrides, SetReachesEveryPlace) {
  EXPECT_EQ(Set("proxies.orders.balancer=min_conn").balancer.name, "min_conn");
  EXPECT_EQ(Set("proxies[0].timeouts.queue=2s").timeouts.queue, 2s);
  EXPECT_EQ(Set("proxies.orders.endpoints[0]=b:1#7").endpoints.at(0).weight, 7u);
  EXPECT_EQ(Set("proxies.orders.endpoints[1]=b:1#7").endpoints.size(), 2u);
  EXPECT_EQ(Set("proxies.orders.endpoints=[b:1, c:1, d:1]").endpoints.size(), 3u);
  EXPECT_EQ(Set("proxies.orders.listen=:5").listen.at(0).address, ":5");
  EXPECT_EQ(Set("proxies.orders.limiters[0]={token_bucket: {rate: 5}}").limiters.at(0).name, "token_bucket");
  EXPECT_EQ(Good(kFile, {{"--set", "log.level=debug"}}).log.level, "debug");
  EXPECT_EQ(Good(kTwo, {{"--set", "proxies.b.c.access_log=true"}}).proxies.at(1).access_log, true);
}

TEST_F(Overrides, SetOpensAPolicyInItsShortForm) {
  EXPECT_EQ(Set("proxies.orders.pool.loose.size=8").pool.options.Find("size")->scalar, "8");
  EXPECT_EQ(Set("proxies.orders.balancer.min_conn.x=8").balancer.name, "min_conn");
}

TEST_F(Overrides, LaterOnesWin) {
  EXPECT_EQ(Good(kFile, {{"--log-level", "debug"}, {"--set", "log.level=error"}}).log.level, "error");
  EXPECT_EQ(Good(kFile, {{"--set", "log.level=error"}, {"--log-level", "debug"}}).log.level, "debug");
}

TEST_F(Overrides, SetSaysWhatIsWrongWithItsPath) {
  EXPECT_THAT(
      SetError("proxies.oders.pump=frame"),
      HasSubstr("--set proxies.oders.pump: error: nothing here is named 'oders'; accepted: orders, did you mean "
                "'orders'?"));
  EXPECT_THAT(SetError("proxies[3].pump=frame"), HasSubstr("has the index 3 in a list of 1"));
  EXPECT_THAT(SetError("proxies[x].pump=frame"), HasSubstr("has an index that is no number"));
  EXPECT_THAT(SetError("proxies[0=1"), HasSubstr("has an index that is no number"));
  EXPECT_THAT(SetError("proxies[0]x=1"), HasSubstr("lacks a '.' before 'x'"));
  EXPECT_THAT(SetError("log.=1"), HasSubstr("ends in a '.'"));
  EXPECT_THAT(SetError("log..level=1"), HasSubstr("has an empty step"));
  EXPECT_THAT(SetError("log[0]=1"), HasSubstr("error: log is a list"));
  EXPECT_THAT(SetError("proxies.orders.name.x=1"), HasSubstr("goes through a single value at 'x'"));
  EXPECT_THAT(SetError("log.level"), HasSubstr("'log.level' sets nothing; accepted: KEY=VALUE"));
  EXPECT_THAT(SetError("log.levle=debug"), HasSubstr("--set log.levle: error: unknown key 'levle' in log"));
  EXPECT_THAT(SetError("log.level="), HasSubstr("is empty"));
  EXPECT_THAT(SetError("log.level=[a"), HasSubstr("not valid YAML"));
  std::string deep = "log";
  for (int i = 0; i < 1000; ++i) deep += ".a";
  EXPECT_THAT(SetError(deep + "=1"), HasSubstr("has too many steps"));
}

class PolicyFlag : public testing::Test {
 protected:
  std::string Parse(const std::string& text) {
    Diagnostics diagnostics;
    const std::optional<Node> node = ParsePolicyFlag(text, "--pool", diagnostics);
    return node ? WriteYaml(*node) : testing::PrintToString(Messages(diagnostics, Diagnostic::Severity::kError));
  }
};

TEST_F(PolicyFlag, TakesANameAndOptionsInThreeForms) {
  EXPECT_EQ(Parse("loose"), "loose\n");
  EXPECT_EQ(Parse("loose=size:4,idle:10s"), "loose:\n  size: 4\n  idle: 10s\n");
  EXPECT_EQ(Parse("loose=size=4, idle=10s"), "loose:\n  size: 4\n  idle: 10s\n");
  EXPECT_EQ(Parse("loose={size: 4, idle: 10s}"), "loose:\n  size: 4\n  idle: 10s\n");
  EXPECT_EQ(Parse("./a/b.so=x:1"), "./a/b.so:\n  x: 1\n");
}

TEST_F(PolicyFlag, BracketsAndQuotesKeepTheirCommas) {
  EXPECT_EQ(Parse("access=allow:[a, b],key:metadata:x-tenant,text:'a,b'"),
            "access:\n  allow:\n    - a\n    - b\n  key: metadata:x-tenant\n  text: \"a,b\"\n");
}

TEST_F(PolicyFlag, SaysWhatIsWrong) {
  EXPECT_THAT(Parse("=size:4"), HasSubstr("--pool: error: '=size:4' names no policy"));
  EXPECT_THAT(Parse("loose=size"), HasSubstr("'size' is no option; accepted: NAME, NAME=key:value,key:value"));
  EXPECT_THAT(Parse("loose=size:1,size:2"), HasSubstr("option 'size' is given twice"));
  EXPECT_THAT(Parse("loose={size: 4"), HasSubstr("not valid YAML"));
  EXPECT_THAT(Parse("loose="), HasSubstr("is no option"));
}

}  // namespace
}  // namespace myelin
