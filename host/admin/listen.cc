// SPDX-License-Identifier: Apache-2.0
//
// Resolving, binding and listening for the admin listener.
#include "admin/listen.h"

#include <boost/asio/ip/v6_only.hpp>
#include <cctype>
#include <vector>

#include "admin/host_port.h"
#include "base/diagnostics.h"

namespace myelin {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

[[noreturn]] void Fail(const std::string& address, const std::string& reason) {
  throw StartupError(Origin{"admin.listen"}, "the admin listener cannot listen on '" + address + "': " + reason);
}

std::string Describe(const error_code& error) {
  std::string text = error.message();
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  if (error == net::error::address_in_use) {
    text += "; stop the program that holds the port, or choose another (port 0 takes a free one)";
  } else if (error == net::error::access_denied) {
    text += "; ports below 1024 need CAP_NET_BIND_SERVICE, so choose a higher one";
  } else if (error == boost::system::errc::address_not_available) {
    text += "; no interface of this machine has that address, 127.0.0.1 and 0.0.0.0 always work";
  }
  return text;
}

std::vector<tcp::endpoint> Resolve(net::io_context& io, const std::string& address, const HostPort& parsed) {
  const auto port = static_cast<unsigned short>(std::stoi(parsed.port));
  if (parsed.host.empty()) return {tcp::endpoint(tcp::v6(), port), tcp::endpoint(tcp::v4(), port)};
  error_code error;
  const auto literal = net::ip::make_address(parsed.host, error);
  if (!error) return {tcp::endpoint(literal, port)};
  std::vector<tcp::endpoint> out;
  for (const auto& entry : tcp::resolver(io).resolve(parsed.host, parsed.port, tcp::resolver::passive, error)) {
    out.push_back(entry.endpoint());
  }
  if (error) Fail(address, "the name '" + parsed.host + "' has no address here (" + error.message() + ")");
  return out;
}

error_code Listen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, bool every_interface) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && every_interface && endpoint.address().is_v6()) acceptor.set_option(net::ip::v6_only(false), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
  return error;
}

}  // namespace

tcp::acceptor ListenOn(net::io_context& io, const std::string& address) {
  const auto parsed = ParseHostPort(address);
  if (!parsed) Fail(address, "it is no address; write host:port, [v6]:port or :port, such as 127.0.0.1:9850");
  error_code error;
  for (const tcp::endpoint& endpoint : Resolve(io, address, *parsed)) {
    tcp::acceptor acceptor(io);
    error = Listen(acceptor, endpoint, parsed->host.empty());
    if (!error) return acceptor;
  }
  Fail(address, Describe(error));
}

}  // namespace myelin
