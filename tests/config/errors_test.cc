// SPDX-License-Identifier: Apache-2.0
//
// What a wrong configuration is told, word for word: place, value, what is accepted, the nearest right spelling.
#include <ostream>
#include <string>

#include "loading.h"

namespace myelin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Wrong {
  std::string name;
  std::string text;
  std::string error;
};

void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

std::string NameOf(const testing::TestParamInfo<Wrong>& wrong) { return wrong.param.name; }

class ErrorMessages : public Loading, public testing::WithParamInterface<Wrong> {};

TEST_P(ErrorMessages, NameThePlaceTheValueAndWhatIsAccepted) {
  Load(GetParam().text);
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr(GetParam().error)));
}

const std::string kAddress = "host:port, :port for all interfaces, [v6]:port or unix:/path";

INSTANTIATE_TEST_SUITE_P(
    Trials, ErrorMessages,
    testing::Values(
        Wrong{"Both", WithProxyKeys("balancer: {a: , shadow: b, canary: {policy: c, share: 5%}}"),
              "proxies.orders.balancer has a shadow and a canary; accepted: one of them"},
        Wrong{"OfAPool", WithProxyKeys("pool: {loose: , shadow: strict}"),
              "proxies.orders.pool does not name one policy; accepted: a policy's name"},
        Wrong{"NoPolicy", WithProxyKeys("balancer: {a: , canary: {share: 5%}}"),
              "proxies.orders.balancer.canary.policy is missing; accepted: a policy"},
        Wrong{"NoShare", WithProxyKeys("balancer: {a: , canary: {policy: b}}"),
              "balancer.canary.share is missing; accepted: a percentage above 0% and up to 100%, such as 5%"},
        Wrong{"BareShare", WithProxyKeys("balancer: {a: , canary: {policy: b, share: 5}}"),
              "canary.share: '5' is no such share; accepted: a percentage above 0% and up to 100%, such as 5%, did you "
              "mean '5%'?"},
        Wrong{"ShareOfNothing", WithProxyKeys("balancer: {a: , canary: {policy: b, share: 0%}}"),
              "canary.share: '0%' is no such share"},
        Wrong{
            "Rate", WithProxyKeys("balancer: {a: , canary: {policy: b, share: 5%, rollback: {error_rate: 2}}}"),
            "canary.rollback.error_rate: '2' is no such multiple; accepted: off, or a multiple of what the other calls "
            "fail, 1x to 1000x, did you mean '2x'?"},
        Wrong{"Unknown", WithProxyKeys("balancer: {a: , canary: {policy: b, share: 5%, rolback: {}}}"),
              "unknown key 'rolback' in proxies.orders.balancer.canary; accepted: policy, share or rollback, did you "
              "mean 'rollback'?"}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    TopLevel, ErrorMessages,
    testing::Values(
        Wrong{"UnknownKey", "wokers: 2\n" + WithProxyKeys(""),
              "c.yaml:1:1: error: unknown key 'wokers'; accepted: workers, pump"},
        Wrong{"EveryKeyOnce", "x: 2\n" + WithProxyKeys(""),
              "accepted: workers, pump, access_log, guards, plugin_dirs, admin, log, drain_timeout, "
              "max_generations, limits or proxies"},
        Wrong{"Suggestion", "wokers: 2\n" + WithProxyKeys(""), ", did you mean 'workers'?"},
        Wrong{"Workers", "workers: many\n" + WithProxyKeys(""),
              "c.yaml:1:10: error: workers: 'many' is not a whole number in range; accepted: a whole number from 1 to "
              "1024"},
        Wrong{"NoWorkers", "workers: 0\n" + WithProxyKeys(""), "c.yaml:1:10: error: workers: '0' is out of range"},
        Wrong{"QuotedNumber", "workers: '2'\n" + WithProxyKeys(""), "workers: '\"2\"' is not a whole number"},
        Wrong{"Pump", "pump: genric\n" + WithProxyKeys(""),
              "c.yaml:1:7: error: pump: 'genric' is unknown; accepted: frame or generic, did you mean 'generic'?"},
        Wrong{"Level", "log: {level: verbose}\n" + WithProxyKeys(""),
              "c.yaml:1:14: error: log.level: 'verbose' is unknown; accepted: trace, debug, info, warning, error, "
              "critical or off"},
        Wrong{"LogNoMap", "log: debug\n" + WithProxyKeys(""),
              "c.yaml:1:6: error: log is a single value; accepted: a map, `key: value`"},
        Wrong{"LevelNoValue", "log: {level: [a]}\n" + WithProxyKeys(""),
              "c.yaml:1:14: error: log.level is a list; accepted: trace, debug"},
        Wrong{"Duration", "drain_timeout: 30\n" + WithProxyKeys(""),
              "c.yaml:1:16: error: drain_timeout: '30' is not a duration; accepted: a duration such as 10s, 1h30m or "
              "250ms, did you mean '30s'?"},
        Wrong{"NegativeDuration", "drain_timeout: -5s\n" + WithProxyKeys(""),
              "c.yaml:1:16: error: drain_timeout: '-5s' is not a duration"},
        Wrong{"LongDuration", "drain_timeout: 25h\n" + WithProxyKeys(""),
              "c.yaml:1:16: error: drain_timeout: '25h' is out of range; accepted: from 0s to 1d"},
        Wrong{"Size", "log: {max_size: big}\n" + WithProxyKeys(""),
              "c.yaml:1:17: error: log.max_size: 'big' is not a size; accepted: a size such as 512, 64KiB or 100MiB"},
        Wrong{"SmallBuffer", "limits: {stream_buffer: 1KiB}\n" + WithProxyKeys(""),
              "c.yaml:1:25: error: limits.stream_buffer: '1KiB' is out of range; accepted: from 64KiB to 512MiB"},
        Wrong{"BuffersInDisorder", "limits: {worker_buffer: 8MiB}\n" + WithProxyKeys(""),
              "c.yaml:1:9: error: limits: connection_buffer 16MiB is more than worker_buffer 8MiB; accepted: up to"},
        Wrong{"HostLimitOfAProxy", WithProxyKeys("limits: {stream_buffer: 1MiB}"),
              "unknown key 'stream_buffer' in proxies.orders.limits; accepted: max_connections, max_streams"},
        Wrong{"Switch", "access_log: yes\n" + WithProxyKeys(""),
              "c.yaml:1:13: error: access_log: 'yes' is not a switch; accepted: true or false"},
        Wrong{"Admin", "admin: {listen: 127.0.0.1}\n" + WithProxyKeys(""),
              "c.yaml:1:17: error: admin.listen: '127.0.0.1' has no port; accepted: host:port, or :port for 127.0.0.1"},
        Wrong{"AdminTaken", "admin: 127.0.0.1:30880\n" + WithProxyKeys(""),
              "c.yaml:1:8: error: listen address '127.0.0.1:30880' is taken, first at c.yaml:4:13"},
        Wrong{"NoProxies", "workers: 2\n",
              "c.yaml:1:1: error: proxies names no proxy; accepted: a list with at least one"},
        Wrong{"EmptyProxies", "proxies: []\n", "c.yaml:1:10: error: proxies names no proxy"},
        Wrong{"ProxiesMap", "proxies: {orders: {}}\n", "c.yaml:1:10: error: proxies is no list"},
        Wrong{"NoMap", "- a\n", "c.yaml:1:1: error: the configuration is a list; accepted: a map"},
        Wrong{"Text", "just words\n", "c.yaml:1:1: error: the configuration is a single value; accepted: a map"}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Proxy, ErrorMessages,
    testing::Values(
        Wrong{"NoName", "proxies:\n  - listen: :1\n    endpoints: [a:1]\n",
              "c.yaml:2:5: error: proxies[0].name is missing; accepted: a name of its own"},
        Wrong{"UnknownKey", WithProxyKeys("balancr: min_conn"),
              "c.yaml:5:5: error: unknown key 'balancr' in proxies.orders; accepted: name, listen"},
        Wrong{"NoListen", "proxies:\n  - name: a\n    endpoints: [a:1]\n",
              "c.yaml:2:5: error: proxy 'a' has no listen address and no route leads to it; accepted: " + kAddress},
        Wrong{"BareListen", "proxies:\n  - {name: a, listen: 30880, endpoints: [a:1]}\n",
              "c.yaml:2:23: error: proxies.a.listen: '30880' has no port; accepted: " + kAddress +
                  ", did you mean ':30880'?"},
        Wrong{"ListenPort", "proxies:\n  - {name: a, listen: ':65536', endpoints: [a:1]}\n",
              "c.yaml:2:23: error: proxies.a.listen: ':65536' has a port outside 0 to 65535; accepted: " + kAddress},
        Wrong{"ListenUrl", "proxies:\n  - {name: a, listen: 'http://a:1', endpoints: [a:1]}\n",
              "proxies.a.listen: 'http://a:1' is a URL (leave the scheme out)"},
        Wrong{"NoEndpoints", "proxies:\n  - {name: a, listen: ':1'}\n",
              "c.yaml:2:5: error: proxies.a.endpoints names no endpoint; accepted: a list of host:port#weight"},
        Wrong{"EmptyEndpoints", "proxies:\n  - {name: a, listen: ':1', endpoints: []}\n",
              "c.yaml:2:40: error: proxies.a.endpoints names no endpoint"},
        Wrong{"BadName", "proxies:\n  - {name: a, name: b, listen: ':1', endpoints: [a:1]}\n",
              "c.yaml:2:15: error: key 'name' is given twice, first at c.yaml:2:6; accepted: once"},
        Wrong{
            "Policy", WithProxyKeys("balancer: [a, b]"),
            "c.yaml:5:15: error: proxies.orders.balancer does not name one policy; accepted: a policy's name, or a map "
            "of one entry: its name and its options"},
        Wrong{"TwoPolicies", WithProxyKeys("pool: {loose: {}, strict: {}}"),
              "c.yaml:5:11: error: proxies.orders.pool does not name one policy"},
        Wrong{"NoPolicy", WithProxyKeys("pool:"), "c.yaml:5:5: error: proxies.orders.pool does not name one policy"},
        Wrong{"PolicyOptions", WithProxyKeys("pool: {loose: 4}"),
              "c.yaml:5:19: error: the options of 'loose' in proxies.orders.pool are no map; accepted: a map such as "
              "{size: 4}"},
        Wrong{"Limiter", WithProxyKeys("limiters: [access, {}]"),
              "c.yaml:5:24: error: proxies.orders.limiters[1] does not name one policy"},
        Wrong{"Timeout", WithProxyKeys("timeouts: {connct: 5s}"),
              "c.yaml:5:16: error: unknown key 'connct' in proxies.orders.timeouts; accepted: connect, request, "
              "stream_idle or queue, did you mean 'connect'?"},
        Wrong{"LongTimeout", WithProxyKeys("timeouts: {request: 99999d}"),
              "c.yaml:5:25: error: proxies.orders.timeouts.request: '99999d' is out of range; accepted: from 0s to "
              "3650d"},
        Wrong{
            "Jitter", WithProxyKeys("backoff: {jitter: 1.5}"),
            "c.yaml:5:23: error: proxies.orders.backoff.jitter: '1.5' is out of range; accepted: a number from 0 to 1"},
        Wrong{"JitterText", WithProxyKeys("backoff: {jitter: nan}"),
              "proxies.orders.backoff.jitter: 'nan' is no number"},
        Wrong{"BackoffOrder", WithProxyKeys("backoff: {base: 5s, max: 1s}"),
              "c.yaml:5:14: error: proxies.orders.backoff: base 5s is longer than max 1s; accepted: base up to max"}),
    NameOf);

std::string WithEndpoint(const std::string& endpoint) {
  return "proxies:\n  - name: a\n    listen: :1\n    endpoints:\n      - " + endpoint + "\n";
}

INSTANTIATE_TEST_SUITE_P(
    Endpoint, ErrorMessages,
    testing::Values(
        Wrong{"NoPort", WithEndpoint("10.0.0.1"),
              "c.yaml:5:9: error: proxies.a.endpoints[0]: '10.0.0.1' has no port; accepted: host:port, [v6]:port or "
              "unix:/path"},
        Wrong{"NoHost", WithEndpoint(":50051"), "c.yaml:5:9: error: proxies.a.endpoints[0]: ':50051' has no host"},
        Wrong{"PortZero", WithEndpoint("a:0"), "'a:0' has a port outside 1 to 65535"},
        Wrong{"PortText", WithEndpoint("a:http"), "'a:http' has a port that is no number"},
        Wrong{"PortHuge", WithEndpoint("a:99999999999999999999"), "has a port outside 1 to 65535"},
        Wrong{"NoIpv4", WithEndpoint("10.0.0.256:1"), "'10.0.0.256:1' is no IPv4 address"},
        Wrong{"BareIpv6", WithEndpoint("'::1:50051'"), "is ambiguous (an IPv6 address needs brackets)"},
        Wrong{"BadIpv6", WithEndpoint("'[::g]:1'"), "has no IPv6 address between its brackets"},
        Wrong{"Name", WithEndpoint("a/b:1"), "has a character that no host name has"},
        Wrong{"UnixPath", WithEndpoint("'unix:'"), "'unix:' has no path"},
        Wrong{"UnixLong", WithEndpoint("unix:/" + std::string(120, 'x')),
              "has a path longer than a unix socket can have"},
        Wrong{"Weight", WithEndpoint("a:1#x"),
              "c.yaml:5:9: error: proxies.a.endpoints[0].weight: 'x' is not a whole number in range; accepted: a whole "
              "number from 0 to 1000000"},
        Wrong{"NoWeight", WithEndpoint("a:1#"), "proxies.a.endpoints[0].weight: '' is not a whole number"},
        Wrong{"NegativeWeight", WithEndpoint("a:1#-1"), "proxies.a.endpoints[0].weight: '-1' is out of range"},
        Wrong{"LargeWeight", WithEndpoint("a:1#1000001"), "proxies.a.endpoints[0].weight: '1000001' is out of range"},
        Wrong{"HalfWeight", WithEndpoint("{address: a:1, weight: 0.5}"),
              "c.yaml:5:32: error: proxies.a.endpoints[0].weight: '0.5' is not a whole number"},
        Wrong{"TwoWeights", WithEndpoint("{address: 'a:1#5'}"),
              "'a:1#5' holds a weight; accepted: the weight beside it"},
        Wrong{"NoAddress", WithEndpoint("{weight: 5}"), "c.yaml:5:9: error: proxies.a.endpoints[0].address is missing"},
        Wrong{"UnknownKey", WithEndpoint("{address: a:1, wieght: 5}"), "did you mean 'weight'?"},
        Wrong{"Metadata", WithEndpoint("{address: a:1, metadata: x}"),
              "metadata is a single value; accepted: a map of names"},
        Wrong{"List", WithEndpoint("[a:1]"), "proxies.a.endpoints[0] is a list; accepted: host:port#weight, or a map"}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Route, ErrorMessages,
    testing::Values(
        Wrong{"UnknownProxy", WithProxyKeys("routes: [{service: a.B, to: oders}]"),
              "c.yaml:5:14: error: route to 'oders', which is no proxy; accepted: orders, did you mean 'orders'?"},
        Wrong{"NoTarget", WithProxyKeys("routes: [{service: a.B}]"),
              "c.yaml:5:14: error: proxies.orders.routes[0].to is missing; accepted: a proxy's name"},
        Wrong{"Slash", WithProxyKeys("routes: [{service: a.B/Get, to: orders}]"),
              "c.yaml:5:24: error: proxies.orders.routes[0].service: 'a.B/Get' has a '/' in it"},
        Wrong{
            "Metadata", WithProxyKeys("routes: [{metadata: {Proxy: x}, to: orders}]"),
            "proxies.orders.routes[0].metadata: 'Proxy' is no name of metadata; accepted: lower-case a-z, 0-9, - _ ., "
            "did you mean 'proxy'?"}),
    NameOf);

using Whole = Loading;

TEST_F(Whole, DuplicateNamesAreErrors) {
  Load("proxies:\n  - {name: a, listen: ':1', endpoints: [a:1]}\n  - {name: a, listen: ':2', endpoints: [a:1]}\n");
  EXPECT_THAT(Errors(), ElementsAre("c.yaml:3:12: error: proxy 'a' is there twice, first at c.yaml:2:12; accepted: a "
                                    "name of its own"));
}

TEST_F(Whole, ListenAddressesThatCollideAreErrors) {
  auto two = [this](const std::string& a, const std::string& b) {
    Load("proxies:\n  - {name: a, listen: '" + a + "', endpoints: [a:1]}\n  - {name: b, listen: '" + b +
         "', endpoints: [a:1]}\n");
    return Errors().size();
  };
  EXPECT_EQ(two(":1", ":1"), 1u);
  EXPECT_EQ(two(":1", "0.0.0.0:1"), 1u);
  EXPECT_EQ(two("10.0.0.1:1", "[::]:1"), 1u);
  EXPECT_EQ(two("localhost:1", "127.0.0.1:1"), 1u);
  EXPECT_EQ(two("unix:/a", "unix:///a"), 1u);
  EXPECT_EQ(two("10.0.0.1:1", "10.0.0.2:1"), 0u);
  EXPECT_EQ(two(":1", ":2"), 0u);
  EXPECT_EQ(two(":0", ":0"), 0u);
  EXPECT_EQ(two("unix:/a", "unix:/b"), 0u);
  Load(WithProxyKeys("") + "  - {name: b, listen: [':30881', ':30880'], endpoints: [a:1]}\n");
  EXPECT_THAT(Errors(), ElementsAre("c.yaml:5:34: error: listen address ':30880' is taken, first at c.yaml:3:13; "
                                    "accepted: an address of its own"));
}

TEST_F(Whole, AllErrorsComeAtOnce) {
  Load(
      "wokers: 1\nlog: {level: loud, rotate: 5}\nproxies:\n  - name: a\n    listen: 1\n    endpoints: [b, 'c:1#x']\n"
      "    timeouts: {connect: -1s, qeue: 1s}\n    routes: [{to: z}]\n");
  EXPECT_EQ(Errors().size(), 9u) << testing::PrintToString(Errors());
}

TEST_F(Whole, OddThingsAreWarningsOnly) {
  Load(WithProxyKeys("keepalive: {time: 3s}\nroutes: [{to: orders}, {service: a, to: orders}]") +
       "  - {name: b, listen: ':1', endpoints: ['a:1#0', '10.*.*.1:1#0', 'a:1#0']}\n");
  EXPECT_THAT(Errors(), IsEmpty());
  EXPECT_THAT(
      Warnings(),
      testing::UnorderedElementsAre(
          HasSubstr("c.yaml:6:28: warning: no call comes to this route"),
          HasSubstr(
              "c.yaml:5:23: warning: keepalive every 3s in proxy 'orders': most gRPC servers answer too_many_pings"),
          HasSubstr("c.yaml:7:66: warning: endpoint 'a:1' is there twice, first at c.yaml:7:41"),
          HasSubstr("c.yaml:7:50: warning: endpoint '10.*.*.1:1' has a '*' in its host and can never be reached"),
          HasSubstr("c.yaml:7:41: warning: every endpoint of proxy 'b' has weight 0")));
}

TEST_F(Whole, AValueFromAFlagIsReportedAtTheFlag) {
  Load(WithProxyKeys(""), {{"--listen", "30880"}, {"--set", "log.level=loud"}, {"--workers", "x"}});
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("--workers: error: workers: 'x'"),
                                    HasSubstr("--set log.level: error: log.level: 'loud' is unknown"),
                                    HasSubstr("--listen: error: proxies.orders.listen: '30880' has no port")));
}

TEST_F(Whole, HostileNamesAreShownSafelyAndShort) {
  Load("proxies:\n  - {name: \"a\\x1b[31m\", listen: ':1', endpoints: [a:1]}\n" + std::string(900, 'k') + ": 1\n");
  ASSERT_EQ(Errors().size(), 2u);
  for (const std::string& error : Errors()) {
    EXPECT_EQ(error.find('\x1b'), std::string::npos);
    EXPECT_LT(error.size(), 400u);
  }
}

}  // namespace
}  // namespace myelin
