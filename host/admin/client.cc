// SPDX-License-Identifier: Apache-2.0
//
// One HTTP/1.1 exchange with a deadline, over Boost.Beast.
#include "admin/client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include "admin/host_port.h"

namespace myelin {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using net::ip::tcp;

constexpr uint64_t kMaxAnswerBytes = 16 << 20;

std::string Reason(const beast::error_code& error, Duration timeout) {
  if (error == beast::error::timeout) return "no answer within " + FormatDuration(timeout);
  if (error == net::error::connection_refused)
    return "connection refused; is myelin running there, with admin.listen set?";
  if (error.category() == http::make_error_code(http::error::bad_target).category()) {
    return "what answers there does not speak HTTP/1.1 (" + error.message() + ")";
  }
  return error.message();
}

/// Runs on its own io_context; every step starts the next one from its handler.
class Exchange {
 public:
  Exchange(http::verb verb, const std::string& host, const std::string& path, const std::string& body)
      : stream_(io_), request_(verb, path, 11, body) {
    request_.set(http::field::host, host);
    request_.set(http::field::user_agent, "myelin");
    request_.set(http::field::connection, "close");
    request_.prepare_payload();
    parser_.body_limit(kMaxAnswerBytes);
  }

  beast::error_code Run(const HostPort& address, Duration timeout) {
    const auto found =
        tcp::resolver(io_).resolve(address.host.empty() ? "127.0.0.1" : address.host, address.port, error_);
    if (error_) return error_;
    stream_.expires_after(timeout);
    stream_.async_connect(found, [this](beast::error_code error, const tcp::endpoint&) {
      if (!Failed(error)) Write();
    });
    io_.run();
    return error_;
  }

  http::response<http::string_body>& response() { return parser_.get(); }

 private:
  bool Failed(beast::error_code error) {
    error_ = error;
    return static_cast<bool>(error);
  }

  void Write() {
    http::async_write(stream_, request_, [this](beast::error_code error, size_t) {
      if (!Failed(error)) Read();
    });
  }

  void Read() {
    http::async_read(stream_, buffer_, parser_, [this](beast::error_code error, size_t) {
      // The stream's deadline would keep io_.run() waiting, and an io_context has nothing else to do here.
      Failed(error);
      stream_.close();
    });
  }

  net::io_context io_{1};
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> parser_;
  beast::error_code error_;
};

AdminAnswer Ask(http::verb verb, const std::string& address, const std::string& path, const std::string& body,
                Duration timeout) {
  const auto parsed = ParseHostPort(address);
  if (!parsed || parsed->port == "0") {
    return {0, "", "'" + address + "' is no admin address; write host:port, such as 127.0.0.1:9850"};
  }
  Exchange exchange(verb, address, path, body);
  const beast::error_code error = exchange.Run(*parsed, timeout);
  if (error) return {0, "", "cannot ask the admin listener at " + address + ": " + Reason(error, timeout)};
  return {static_cast<int>(exchange.response().result_int()), std::move(exchange.response().body()), ""};
}

}  // namespace

AdminAnswer AdminPost(const std::string& address, const std::string& path, const std::string& body, Duration timeout) {
  return Ask(http::verb::post, address, path, body, timeout);
}

AdminAnswer AdminGet(const std::string& address, const std::string& path, Duration timeout) {
  return Ask(http::verb::get, address, path, "", timeout);
}

std::string AnswerText(const AdminAnswer& answer) {
  if (answer.status == 0) return answer.failure;
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  if (json.is_object() && json.contains("message") && json["message"].is_string()) {
    return json["message"].get<std::string>();
  }
  return answer.body.empty() ? "HTTP status " + std::to_string(answer.status) : answer.body;
}

}  // namespace myelin
