// SPDX-License-Identifier: Apache-2.0
//
// One connection to the admin listener: reads a request, answers it, and again, until the peer or a limit ends it.
// It owns itself: the pending operation holds it, and it goes when there is none. Admin thread.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <list>
#include <memory>
#include <optional>

#include "admin/router.h"
#include "admin/session_limits.h"

namespace myelin {

/// What a Session needs from the server that accepted it; outlives every session.
struct SessionContext {
  const Router& router;
  AdminLimits limits;
  std::function<void(std::function<void()>)> run_command;  // runs it on the command thread
  std::list<class Session*> sessions;                      // all that live, in the order they came
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(boost::asio::ip::tcp::socket socket, SessionContext& context);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Start() { Read(); }

  /// Whether a command of this connection is running; then it is not to be closed for want of room.
  bool busy() const { return busy_; }

  /// Ends the connection at once.
  void Close();

  /// Ends it as soon as the answer that is being written has gone out.
  void Finish();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  void Read();
  void OnRead(boost::beast::error_code error);
  void Answer();
  AdminRequest CurrentRequest() const;
  void Refuse(int status, std::string_view sentence);
  void Write(AdminResponse answer, unsigned version, bool head, bool keep_alive);
  void OnWrite(boost::beast::error_code error, bool keep_alive);
  void Linger();
  void Arm();

  SessionContext& context_;
  std::list<Session*>::iterator self_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  Response response_;
  bool busy_ = false;
  bool writing_ = false;
  bool finishing_ = false;
};

}  // namespace myelin
