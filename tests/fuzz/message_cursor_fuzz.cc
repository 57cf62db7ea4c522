// SPDX-License-Identifier: Apache-2.0
//
// The cursor stands between two messages exactly where a reader of the whole stream says so, however it is cut. The
// first byte says in what pieces.
#include "pump/frame/message_cursor.h"

#include "fuzz/require.h"

namespace {

/// Whether `size` bytes end with a whole message.
bool EndsWithAMessage(const uint8_t* bytes, size_t size) {
  size_t at = 0;
  while (size - at >= 5) {
    const size_t length =
        size_t{bytes[at + 1]} << 24 | size_t{bytes[at + 2]} << 16 | size_t{bytes[at + 3]} << 8 | size_t{bytes[at + 4]};
    if (size - at - 5 < length) return false;
    at += 5 + length;
  }
  return at == size;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t step = size_t{data[0]} + 1;
  myelin::frame::MessageCursor cursor;
  const uint8_t* bytes = data + 1;
  for (size_t at = 0; at < size - 1;) {
    const size_t part = std::min(step, size - 1 - at);
    cursor.Advance(bytes + at, part);
    at += part;
    myelin::frame::fuzz::Require(cursor.BetweenMessages() == EndsWithAMessage(bytes, at), "the end of a message");
  }
  return 0;
}
