// SPDX-License-Identifier: Apache-2.0
//
// Follows gRPC's message prefixes through a stream of bytes that is cut anywhere, to know whether it stands between
// two messages. Reads nothing else. Belongs to a call.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace myelin::frame {

class MessageCursor {
 public:
  /// Answers how many messages have come to their end.
  uint64_t Advance(const uint8_t* bytes, size_t size) {
    uint64_t ended = 0;
    for (size_t at = 0; at < size; ended += BetweenMessages() ? 1u : 0u) at += Step(bytes + at, size - at);
    return ended;
  }
  /// Goes on by a byte of a prefix, or by what there is of a message: answers how many bytes, of one at least.
  size_t Step(const uint8_t* bytes, size_t size) {
    if (left_ > 0) {
      const size_t part = std::min<uint64_t>(left_, size);
      left_ -= part;
      return part;
    }
    if (prefix_ > 0) length_ = length_ << 8 | *bytes;  // the first byte is the compressed flag
    if (++prefix_ < 5) return 1;
    left_ = length_;
    prefix_ = 0;
    length_ = 0;
    return 1;
  }
  bool BetweenMessages() const { return left_ == 0 && prefix_ == 0; }

 private:
  uint64_t left_ = 0;    // bytes of the message that are to come
  uint32_t length_ = 0;  // as far as it has been read
  uint32_t prefix_ = 0;  // bytes of the prefix that have been read
};

}  // namespace myelin::frame
