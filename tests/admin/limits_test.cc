// SPDX-License-Identifier: Apache-2.0
//
// What a bad, slow or greedy client gets from the admin listener, and what the others notice of it: nothing.
#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "admin/fixture.h"
#include "admin/prometheus_text.h"

namespace myelin {
namespace {

using namespace std::chrono_literals;
using test::AdminTest;
using test::BodyIn;
using test::RawConnection;
using test::StatusIn;
using test::StatusOf;
using ::testing::IsEmpty;

constexpr char kHealth[] = "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n";

class AdminLimitsTest : public AdminTest {};

TEST_F(AdminLimitsTest, WhatIsNoHttpIsABadRequest) {
  Start();
  for (const std::string request :
       {"\x16\x03\x01 hello\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /healthz\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nno colon\r\n\r\n", "POST /swap HTTP/1.1\r\nContent-Length: many\r\n\r\n"}) {
    EXPECT_EQ(StatusOf(address(), request), 400) << request;
  }
  EXPECT_EQ(StatusOf(address(), kHealth), 200);
}

TEST_F(AdminLimitsTest, AnOversizedHeaderIsRefusedAndTheAnswerArrives) {
  Start();
  const std::string header = "X-Long: " + std::string(1 << 20, 'x') + "\r\n";
  EXPECT_EQ(StatusOf(address(), "GET /healthz HTTP/1.1\r\n" + header + "\r\n"), 431);
}

TEST_F(AdminLimitsTest, AnOversizedBodyIsRefused) {
  Start();
  EXPECT_EQ(StatusIn(Ask("POST", "/swap", "", std::string(65 << 10, 'x'))), 413);
  EXPECT_EQ(StatusIn(Ask("POST", "/swap", "", std::string(60 << 10, 'x'))), 501);
}

TEST_F(AdminLimitsTest, AConnectionServesManyRequests) {
  Start();
  RawConnection connection(address());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(connection.Send(kHealth));
    ASSERT_EQ(BodyIn(connection.ReadResponse()), "ok\n");
  }
}

TEST_F(AdminLimitsTest, AClientThatAsksForItIsClosed) {
  Start();
  RawConnection connection(address());
  connection.Send("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(BodyIn(connection.ReadToEnd()), "ok\n");
}

TEST_F(AdminLimitsTest, ASlowClientIsCutOffAndHoldsUpNobody) {
  AdminLimits limits;
  limits.timeout = 300ms;
  Start({}, limits);
  RawConnection slow(address());
  slow.Send("GET /healthz HTT");
  EXPECT_EQ(StatusOf(address(), kHealth), 200);
  EXPECT_EQ(slow.ReadToEnd(), "");  // ends because the listener closes it
}

TEST_F(AdminLimitsTest, ATrickleOfBytesDoesNotExtendTheDeadline) {
  AdminLimits limits;
  limits.timeout = 300ms;
  Start({}, limits);
  RawConnection slow(address());
  slow.Send("GET /healthz HTTP/1.1\r\n");
  const auto begin = std::chrono::steady_clock::now();
  // The pause is the client's slowness itself: what it sends must stay far below the header limit.
  while (slow.Send("X: y\r\n") && std::chrono::steady_clock::now() - begin < 10s) std::this_thread::sleep_for(20ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(AdminLimitsTest, IdleConnectionsGiveWayToNewOnes) {
  AdminLimits limits;
  limits.connections = 4;
  Start({}, limits);
  std::vector<std::unique_ptr<RawConnection>> idle;
  for (int i = 0; i < 20; ++i) {
    idle.push_back(std::make_unique<RawConnection>(address()));
    idle.back()->Send("GET /hea");
  }
  EXPECT_EQ(StatusOf(address(), kHealth), 200);
  EXPECT_EQ(idle.front()->ReadToEnd(), "");
}

TEST_F(AdminLimitsTest, ALongCommandHoldsUpNoHealthCheck) {
  std::mutex mutex;
  std::condition_variable changed;
  bool running = false;
  bool finish = false;
  AdminHooks hooks;
  hooks.reload = [&](std::string_view) {
    std::unique_lock lock(mutex);
    running = true;
    changed.notify_all();
    changed.wait(lock, [&] { return finish; });
    return CommandReply{true, "reloaded"};
  };
  AdminLimits limits;
  limits.timeout = 200ms;  // far shorter than the command: it bounds clients, not commands
  limits.connections = 1;
  Start(std::move(hooks), limits);
  RawConnection commander(address());
  commander.Send("POST /reload HTTP/1.1\r\nHost: t\r\n\r\n");
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, 20s, [&] { return running; }));
  }
  EXPECT_EQ(StatusOf(address(), kHealth), 200);
  RawConnection idle(address());
  EXPECT_EQ(idle.ReadToEnd(), "");  // its timeout has passed, and so the command's connection would be gone too
  {
    std::lock_guard lock(mutex);
    finish = true;
    changed.notify_all();
  }
  EXPECT_EQ(StatusIn(commander.ReadResponse()), 200);
}

TEST_F(AdminLimitsTest, AnAnswerThatIsOnItsWayOutlivesTheServer) {
  std::mutex mutex;
  std::condition_variable changed;
  bool running = false;
  AdminHooks hooks;
  hooks.drain = [&](std::string_view) {
    std::lock_guard lock(mutex);
    running = true;
    changed.notify_all();
    return CommandReply{true, "draining"};
  };
  Start(std::move(hooks));
  RawConnection commander(address());
  commander.Send("POST /drain HTTP/1.1\r\nHost: t\r\n\r\n");
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, 20s, [&] { return running; }));
  }
  server_.reset();
  EXPECT_EQ(StatusIn(commander.ReadToEnd()), 200);
}

TEST_F(AdminLimitsTest, ManyScrapersAtOnceAllGetAWholePage) {
  Start();
  std::atomic<int> good{0};
  std::vector<std::thread> scrapers;
  for (int i = 0; i < 16; ++i) {
    scrapers.emplace_back([&] {
      RawConnection connection(address());
      for (int n = 0; n < 10; ++n) {
        connection.Send("GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n");
        const std::string response = connection.ReadResponse();
        const auto page = test::ParsePrometheus(BodyIn(response));
        if (StatusIn(response) == 200 && page.faults.empty() && page.Has("myelin_workers")) ++good;
      }
    });
  }
  for (auto& scraper : scrapers) scraper.join();
  EXPECT_EQ(good, 160);
}

}  // namespace
}  // namespace myelin
