// SPDX-License-Identifier: Apache-2.0
//
// HTTP/2 frames as bytes, well formed or not, for whoever plays a peer.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace myelin::frame::fuzz {

inline std::string BigEndian(uint64_t number, size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[size - 1 - i] = static_cast<char>(number >> (8 * i));
  return bytes;
}

inline std::string Frame(uint8_t type, uint8_t flags, uint32_t stream_id, std::string_view payload) {
  return BigEndian(payload.size(), 3) + static_cast<char>(type) + static_cast<char>(flags) + BigEndian(stream_id, 4) +
         std::string(payload);
}

/// A field of a header block, spelled out (RFC 7541, 6.2.2). Names and values of up to 126 bytes.
inline std::string Field(std::string_view name, std::string_view value) {
  std::string bytes(1, '\0');
  for (std::string_view text : {name.substr(0, 126), value.substr(0, 126)}) {
    bytes += static_cast<char>(text.size());
    bytes += text;
  }
  return bytes;
}

/// A gRPC message of `size` bytes.
inline std::string Message(size_t size) { return BigEndian(size, 5) + std::string(size, 'm'); }

}  // namespace myelin::frame::fuzz
