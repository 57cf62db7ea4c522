// SPDX-License-Identifier: Apache-2.0
//
// Opens the admin listener's socket, and says what to do when that fails. Called once, by the AdminServer.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

namespace myelin {

/// Listens on `address`; port 0 takes a free one, and no host means every interface, IPv6 and IPv4. Throws StartupError
/// that names the address, the reason and the way out.
boost::asio::ip::tcp::acceptor ListenOn(boost::asio::io_context& io, const std::string& address);

}  // namespace myelin
