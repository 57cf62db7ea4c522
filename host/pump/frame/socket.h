// SPDX-License-Identifier: Apache-2.0
//
// Sockets of the frame pump: listening, connecting, and who is at the other end. All are non-blocking. Functions
// without state, any thread.
#pragma once

#include <netdb.h>
#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

#include "call/call_request.h"

namespace myelin::frame {

/// Where a socket can be bound or connected to.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// An address as configured: host:port, [v6]:port, unix:/path.
struct AddressText {
  bool is_unix = false;
  std::string host;  // without brackets; or the path
  std::string port;
};
AddressText SplitAddress(const std::string& address);

/// Resolves `text`. With `numeric_only` it does not ask the network, and answers nothing for a name. `why` says what is
/// wrong when it answers nothing.
std::vector<SocketAddress> Resolve(const AddressText& text, bool numeric_only, bool passive, std::string& why);

/// A socket that listens, or -1 with `why`. Several may share a TCP address.
int ListenOn(const SocketAddress& address, std::string& why);
/// The port that was bound.
uint16_t PortOf(int fd);

/// A socket that is connecting, or -1 with `why`.
int ConnectTo(const SocketAddress& address, std::string& why);

/// Streams of small frames wait for nothing.
void SetNoDelay(int fd);

/// Describes a peer; `text` is where Peer::text will point.
Peer DescribePeer(const SocketAddress& address, std::string& text);

/// "connection refused", for the middle of a sentence.
std::string ErrnoText(int error);

}  // namespace myelin::frame
