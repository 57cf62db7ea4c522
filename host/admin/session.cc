// SPDX-License-Identifier: Apache-2.0
//
// The read–answer–write loop of an admin connection, over Boost.Beast.
#include "admin/session.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

namespace myelin {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr size_t kReadAheadBytes = 4 << 10;
constexpr std::chrono::seconds kLingerTime{1};

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Session::Session(net::ip::tcp::socket socket, SessionContext& context)
    : context_(context),
      self_(context.sessions.insert(context.sessions.end(), this)),
      stream_(std::move(socket)),
      buffer_(context.limits.header_bytes + kReadAheadBytes) {}

Session::~Session() { context_.sessions.erase(self_); }

void Session::Close() { stream_.close(); }

void Session::Finish() {
  finishing_ = true;
  if (!writing_ && !busy_) Close();
}

void Session::Arm() {
  stream_.expires_after(std::chrono::duration_cast<std::chrono::nanoseconds>(context_.limits.timeout));
}

void Session::Read() {
  parser_.emplace();
  parser_->header_limit(context_.limits.header_bytes);
  parser_->body_limit(context_.limits.body_bytes);
  Arm();  // one deadline for the whole request, so that a trickle of bytes does not extend it
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](beast::error_code error, size_t) { self->OnRead(error); });
}

void Session::OnRead(beast::error_code error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return Refuse(431, "the request's header is larger than this listener takes");
  }
  if (error == http::error::body_limit) return Refuse(413, "the request's body is larger than this listener takes");
  if (error.category() == http::make_error_code(http::error::bad_target).category() &&
      error != http::error::end_of_stream && error != http::error::partial_message) {
    return Refuse(400, "this is no HTTP/1.1 request: " + error.message());
  }
  if (error) return;  // gone, or too slow
  Answer();
}

void Session::Answer() {
  const AdminRequest request = CurrentRequest();
  const unsigned version = parser_->get().version();
  const bool keep_alive = parser_->get().keep_alive();
  if (!Router::IsCommand(request)) {
    return Write(context_.router.Handle(request), version, request.method == "HEAD", keep_alive);
  }
  busy_ = true;
  stream_.expires_never();
  context_.run_command([self = shared_from_this(), version, keep_alive]() mutable {
    AdminResponse answer = self->context_.router.Handle(self->CurrentRequest());
    auto executor = self->stream_.get_executor();
    // The session must end on the admin thread, so its last reference goes back there.
    net::post(executor, [self = std::move(self), answer = std::move(answer), version, keep_alive]() mutable {
      self->busy_ = false;
      self->Write(std::move(answer), version, false, keep_alive);
    });
  });
}

AdminRequest Session::CurrentRequest() const {
  const auto& message = parser_->get();
  const bool from_browser = message.count(http::field::origin) > 0 || message.count("Sec-Fetch-Site") > 0;
  return {View(message.method_string()), View(message.target()), message.body(), from_browser};
}

void Session::Refuse(int status, std::string_view sentence) {
  Write({status, "application/json", ReplyJson({false, std::string(sentence)}), ""}, 11, false, false);
}

void Session::Write(AdminResponse answer, unsigned version, bool head, bool keep_alive) {
  response_ = Response(static_cast<http::status>(answer.status), version);
  response_.set(http::field::content_type, answer.content_type);
  response_.set(http::field::cache_control, "no-store");
  response_.set("X-Content-Type-Options", "nosniff");
  response_.set("Content-Security-Policy",
                "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'");
  if (!answer.allow.empty()) response_.set(http::field::allow, answer.allow);
  response_.keep_alive(keep_alive);
  response_.content_length(answer.body.size());
  if (!head) response_.body() = std::move(answer.body);
  writing_ = true;
  Arm();
  http::async_write(stream_, response_, [self = shared_from_this(), keep_alive](beast::error_code error, size_t) {
    self->OnWrite(error, keep_alive);
  });
}

void Session::OnWrite(beast::error_code error, bool keep_alive) {
  writing_ = false;
  if (error) return;
  if (keep_alive && !finishing_) return Read();
  beast::error_code ignored;
  stream_.socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
  if (finishing_) return;
  stream_.expires_after(kLingerTime);
  Linger();
}

// Closing while the peer still sends would reset the connection and lose the answer on its way.
void Session::Linger() {
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(kReadAheadBytes),
                          [self = shared_from_this()](beast::error_code error, size_t) {
                            if (!error) self->Linger();
                          });
}

}  // namespace myelin
