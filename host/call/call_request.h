// SPDX-License-Identifier: Apache-2.0
//
// What a pump tells about a call that has come in. Everything is borrowed from the pump and lives as long as the call.
#pragma once

#include <myelin/call.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace myelin {

/// Looks up request metadata by name, without copying it.
class RequestMetadata {
 public:
  /// Calls `found(context, value)` for every value of `key` (lower case), in the order received.
  virtual void ForEach(std::string_view key, void (*found)(void* context, std::string_view value),
                       void* context) const = 0;

 protected:
  ~RequestMetadata() = default;
};

struct Peer {
  std::string_view text;  // "10.1.2.3:4711"
  std::array<uint8_t, 16> ip{};
  uint32_t family = MYELIN_PEER_UNKNOWN;
  uint32_t port = 0;
};

struct CallRequest {
  std::string_view path;  // "/shop.v1.Cart/Get"
  std::string_view authority;
  Peer peer;
  uint64_t start_ns = 0;
  uint64_t deadline_ns = MYELIN_NO_DEADLINE;
  const RequestMetadata* metadata = nullptr;
};

/// "/shop.v1.Cart/Get" gives "shop.v1.Cart" and "Get"; both empty when the path is not of that form.
struct MethodName {
  std::string_view service;
  std::string_view method;
};
inline MethodName SplitPath(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (path.empty() || path[0] != '/' || slash == 0) return {};
  return {path.substr(1, slash - 1), path.substr(slash + 1)};
}

}  // namespace myelin
