// SPDX-License-Identifier: Apache-2.0
//
// An AdminServer on a free port, with hooks that a test sets and a log that goes nowhere.
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <string>

#include "admin/raw_http.h"
#include "admin/sample_stats.h"
#include "admin/server.h"

namespace myelin::test {

class AdminTest : public ::testing::Test {
 protected:
  static LogOptions Silent() {
    LogOptions options;
    options.level = LogLevel::kOff;
    options.queue_lines = 0;
    return options;
  }

  void Start(AdminHooks hooks = {}, AdminLimits limits = {}, const std::string& address = "127.0.0.1:0") {
    if (!hooks.stats) {
      hooks.stats = [this] {
        HostStats stats = SampleStats();
        stats.draining = draining_;
        return stats;
      };
    }
    server_ = std::make_unique<AdminServer>(address, std::move(hooks), log_, limits);
  }

  const std::string& address() const { return server_->address(); }

  /// The whole response to `METHOD path`, over a connection of its own.
  std::string Ask(const std::string& method, const std::string& path, const std::string& headers = "",
                  const std::string& body = "") {
    RawConnection connection(address());
    connection.Send(method + " " + path + " HTTP/1.1\r\nHost: test\r\n" + headers +
                    (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" + body);
    return connection.ReadResponse(method == "HEAD");
  }

  Logger log_{Silent()};
  std::atomic<bool> draining_{false};
  std::unique_ptr<AdminServer> server_;
};

}  // namespace myelin::test
