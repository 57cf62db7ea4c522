// SPDX-License-Identifier: Apache-2.0
//
// A pump's connections without a network: the test says when they get ready, fail or break. Owned by the test; the
// connections live as long as the connector, closed or not, so that a use after Close is seen and not a crash.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "upstream/connection.h"

namespace myelin::test {

class FakeConnection final : public Connection {
 public:
  FakeConnection(const ConnectionOptions& asked, Observer& observer) : options(asked), observer_(observer) {}
  ~FakeConnection() override = default;

  bool IsOpen() override {
    EXPECT_FALSE(closed) << "a closed connection is used";
    return open;
  }
  void Close() override {
    EXPECT_FALSE(closed) << "closed twice";
    closed = true;
  }
  void GetReady(uint32_t stream_limit = UINT32_MAX) {
    open = true;
    observer_.OnStreamLimit(*this, stream_limit);
    observer_.OnReady(*this);
  }
  void SetStreamLimit(uint32_t limit) { observer_.OnStreamLimit(*this, limit); }
  void Fail(const std::string& reason = "connection refused") { observer_.OnConnectFailed(*this, reason); }

  const ConnectionOptions options;
  bool open = false;
  bool closed = false;

 private:
  Observer& observer_;
};

class FakeConnector final : public Connector {
 public:
  ConnectionPtr Open(const Endpoint&, const ConnectionOptions& options, Connection::Observer& observer) override {
    connections_.push_back(std::make_unique<FakeConnection>(options, observer));
    return ConnectionPtr(connections_.back().get());
  }

  size_t opened() const { return connections_.size(); }
  size_t live() const {
    size_t count = 0;
    for (const auto& connection : connections_) count += connection->closed ? 0u : 1u;
    return count;
  }
  FakeConnection& operator[](size_t index) { return *connections_.at(index); }
  FakeConnection& last() { return *connections_.back(); }

 private:
  std::vector<std::unique_ptr<FakeConnection>> connections_;
};

}  // namespace myelin::test
