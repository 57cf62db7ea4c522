// SPDX-License-Identifier: Apache-2.0
//
// A connection to an endpoint, as the pools see it; each pump has its own kind. A connection belongs to one worker and
// is used on it only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/units.h"
#include "upstream/endpoint.h"

namespace myelin {

struct ConnectionOptions {
  Duration connect_timeout{};
  Duration keepalive_time{};  // zero: no pings
  Duration keepalive_timeout{};
};

class Connection {
 public:
  /// Told on the worker, never from within Open or Close.
  class Observer {
   public:
    virtual void OnReady(Connection& connection) = 0;
    /// It never got ready. The observer closes it, at once or later.
    virtual void OnConnectFailed(Connection& connection, const std::string& reason) = 0;
    /// The peer allows so many streams at a time from now on; UINT32_MAX: as many as one likes. Comes before OnReady.
    virtual void OnStreamLimit(Connection& connection, uint32_t limit) = 0;
    /// It takes no new streams from now on (GOAWAY); those that it has go on.
    virtual void OnLeaving(Connection& connection) = 0;
    /// The peer says goodbye for too many keepalive pings.
    virtual void OnTooManyPings(Connection& connection) = 0;

   protected:
    ~Observer() = default;
  };

  /// Whether new streams can be opened on it now: false once the peer has closed it or said GOAWAY.
  virtual bool IsOpen() = 0;
  /// Ends it and, when its last operation is done, deletes it. The observer hears nothing more.
  virtual void Close() = 0;

  uint32_t index() const { return index_; }

 protected:
  virtual ~Connection() = default;

 private:
  friend class EndpointPool;
  uint32_t index_ = 0;  // in the pool that owns it
};

struct CloseConnection {
  void operator()(Connection* connection) const { connection->Close(); }
};
using ConnectionPtr = std::unique_ptr<Connection, CloseConnection>;

/// Makes a pump's kind of connection. One per worker.
class Connector {
 public:
  virtual ~Connector() = default;
  virtual ConnectionPtr Open(const Endpoint& endpoint, const ConnectionOptions& options,
                             Connection::Observer& observer) = 0;
};

}  // namespace myelin
