// SPDX-License-Identifier: Apache-2.0
#include "admin/server.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "admin/fixture.h"
#include "admin/prometheus_text.h"
#include "base/diagnostics.h"

namespace myelin {
namespace {

using nlohmann::json;
using test::AdminTest;
using test::BodyIn;
using test::RawConnection;
using test::StatusIn;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

class AdminServerTest : public AdminTest {};

TEST_F(AdminServerTest, HealthTurnsFromOkToDraining) {
  Start();
  std::string response = Ask("GET", "/healthz");
  EXPECT_EQ(StatusIn(response), 200);
  EXPECT_EQ(BodyIn(response), "ok\n");
  draining_ = true;
  response = Ask("GET", "/healthz");
  EXPECT_EQ(StatusIn(response), 503);
  EXPECT_EQ(BodyIn(response), "draining\n");
}

TEST_F(AdminServerTest, MetricsAreAPrometheusPage) {
  Start();
  const std::string response = Ask("GET", "/metrics");
  EXPECT_EQ(StatusIn(response), 200);
  EXPECT_THAT(response, HasSubstr("Content-Type: text/plain; version=0.0.4"));
  const auto page = test::ParsePrometheus(BodyIn(response));
  EXPECT_THAT(page.faults, IsEmpty());
  EXPECT_EQ(page.samples.at(R"(myelin_calls_in_flight{proxy="orders"})"), 11);
}

TEST_F(AdminServerTest, StatsAndTheLegacyPathAreTheSameJson) {
  Start();
  const std::string stats = Ask("GET", "/stats?pretty=1");
  EXPECT_EQ(StatusIn(stats), 200);
  EXPECT_THAT(stats, HasSubstr("Content-Type: application/json"));
  EXPECT_EQ(json::parse(BodyIn(stats))["proxies"][0]["name"], "orders");
  EXPECT_EQ(BodyIn(Ask("GET", "/proxy/metricsdata")), BodyIn(stats));
}

TEST_F(AdminServerTest, ThePageLoadsNothingFromElsewhere) {
  Start();
  const std::string response = Ask("GET", "/");
  EXPECT_EQ(StatusIn(response), 200);
  EXPECT_THAT(response, HasSubstr("Content-Security-Policy: default-src 'none'"));
  EXPECT_THAT(BodyIn(response), HasSubstr("</html>"));
  EXPECT_THAT(BodyIn(response), Not(HasSubstr("http:")));
  EXPECT_THAT(BodyIn(response), Not(HasSubstr("https:")));
}

TEST_F(AdminServerTest, HeadHasTheHeadersOfGetAndNoBody) {
  Start();
  RawConnection connection(address());
  connection.Send("HEAD /healthz HTTP/1.1\r\nHost: t\r\n\r\nGET /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
  const std::string head = connection.ReadResponse(true);
  EXPECT_EQ(StatusIn(head), 200);
  EXPECT_THAT(head, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_EQ(BodyIn(connection.ReadResponse()), "ok\n");  // it follows at once, so no body came in between
}

TEST_F(AdminServerTest, AnUnknownPathIsToldWhatThereIs) {
  Start();
  const std::string response = Ask("GET", "/metric");
  EXPECT_EQ(StatusIn(response), 404);
  EXPECT_THAT(json::parse(BodyIn(response))["message"], HasSubstr("/metrics"));
}

TEST_F(AdminServerTest, AWrongMethodIsToldWhichOnesThereAre) {
  Start();
  std::string response = Ask("DELETE", "/stats");
  EXPECT_EQ(StatusIn(response), 405);
  EXPECT_THAT(response, HasSubstr("Allow: GET, HEAD\r\n"));
  response = Ask("GET", "/drain");
  EXPECT_EQ(StatusIn(response), 405);
  EXPECT_THAT(response, HasSubstr("Allow: POST\r\n"));
}

TEST_F(AdminServerTest, ACommandGetsItsBodyAndGivesItsSentence) {
  AdminHooks hooks;
  hooks.swap = [](std::string_view body) { return CommandReply{true, "got " + std::string(body)}; };
  hooks.reload = [](std::string_view) { return CommandReply{false, "orders.yaml:3:1: error: no"}; };
  Start(std::move(hooks));
  const std::string done = Ask("POST", "/swap", "", R"({"proxy":"orders"})");
  EXPECT_EQ(StatusIn(done), 200);
  EXPECT_EQ(json::parse(BodyIn(done)), json({{"done", true}, {"message", R"(got {"proxy":"orders"})"}}));
  const std::string refused = Ask("POST", "/reload");
  EXPECT_EQ(StatusIn(refused), 422);
  EXPECT_EQ(json::parse(BodyIn(refused)), json({{"done", false}, {"message", "orders.yaml:3:1: error: no"}}));
}

TEST_F(AdminServerTest, ACommandWithoutAHookIsNotImplemented) {
  Start();
  for (const std::string path : {"/drain", "/reload", "/swap"}) {
    const std::string response = Ask("POST", path);
    EXPECT_EQ(StatusIn(response), 501) << path;
    EXPECT_EQ(json::parse(BodyIn(response))["done"], false);
  }
}

TEST_F(AdminServerTest, ABrowserMayLookButNotCommand) {
  std::atomic<bool> drained{false};
  AdminHooks hooks;
  hooks.drain = [&](std::string_view) {
    drained = true;
    return CommandReply{true, ""};
  };
  Start(std::move(hooks));
  EXPECT_EQ(StatusIn(Ask("POST", "/drain", "Origin: http://evil.example\r\n")), 403);
  EXPECT_EQ(StatusIn(Ask("POST", "/drain", "Sec-Fetch-Site: cross-site\r\n")), 403);
  EXPECT_FALSE(drained);
  EXPECT_EQ(StatusIn(Ask("GET", "/stats", "Sec-Fetch-Site: same-origin\r\n")), 200);
}

TEST_F(AdminServerTest, AHookThatThrowsIsAnInternalError) {
  AdminHooks hooks;
  hooks.stats = []() -> HostStats { throw std::runtime_error("cells are gone"); };
  hooks.drain = [](std::string_view) -> CommandReply { throw std::runtime_error("no drain"); };
  Start(std::move(hooks));
  std::string response = Ask("GET", "/stats");
  EXPECT_EQ(StatusIn(response), 500);
  EXPECT_THAT(json::parse(BodyIn(response))["message"], HasSubstr("cells are gone"));
  response = Ask("POST", "/drain");
  EXPECT_EQ(StatusIn(response), 500);
  EXPECT_THAT(json::parse(BodyIn(response))["message"], HasSubstr("no drain"));
}

TEST_F(AdminServerTest, IPv6Works) {
  Start({}, {}, "[::1]:0");
  EXPECT_THAT(address(), MatchesRegex(R"(\[::1\]:[0-9]+)"));
  EXPECT_EQ(StatusIn(Ask("GET", "/healthz")), 200);
}

TEST_F(AdminServerTest, NoHostMeansEveryInterface) {
  Start({}, {}, ":0");
  const std::string port = address().substr(address().rfind(':'));
  EXPECT_EQ(test::StatusOf("127.0.0.1" + port, "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"), 200);
}

class AdminAddressTest : public AdminTest {
 protected:
  std::string FailureOf(const std::string& address) {
    try {
      AdminServer server(address, {[] { return HostStats{}; }, {}, {}, {}, {}}, log_);
      return "listens on " + server.address();
    } catch (const StartupError& error) {
      return error.diagnostics().at(0).message;
    }
  }
};

TEST_F(AdminAddressTest, ATakenPortIsNamedWithTheWayOut) {
  Start();
  EXPECT_THAT(FailureOf(address()),
              HasSubstr("cannot listen on '" + address() + "': address already in use; stop the program"));
}

TEST_F(AdminAddressTest, AnAddressOfAnotherMachineIsNamed) {
  EXPECT_THAT(FailureOf("192.0.2.1:0"), HasSubstr("'192.0.2.1:0': cannot assign requested address; no interface"));
}

TEST_F(AdminAddressTest, WhatIsNoAddressIsToldTheForm) {
  for (const std::string bad :
       {"", "9850", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:-1", "::1:80", "a b:1", "[]:1"}) {
    EXPECT_THAT(FailureOf(bad), HasSubstr("it is no address; write host:port")) << bad;
  }
}

}  // namespace
}  // namespace myelin
