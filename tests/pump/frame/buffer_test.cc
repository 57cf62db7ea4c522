// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/buffer.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <string>

namespace myelin::frame {
namespace {

std::string Text(const ByteQueue& queue) {
  std::string text;
  queue.ForPrefix(queue.size(),
                  [&](const uint8_t* data, size_t size) { text.append(reinterpret_cast<const char*>(data), size); });
  return text;
}

void Append(ByteQueue& queue, const std::string& text) {
  queue.Append(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

std::string Pattern(size_t size, char first = 'a') {
  std::string text(size, ' ');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(first + static_cast<char>(i % 23));
  return text;
}

TEST(ByteQueue, KeepsTheOrderOfWhatIsAppended) {
  BufferPool pool;
  ByteQueue queue(pool);
  std::string expected;
  for (size_t size : {1u, 500u, 3000u, 16384u, 40000u, 7u}) {
    Append(queue, Pattern(size));
    expected += Pattern(size);
  }
  EXPECT_EQ(Text(queue), expected);
  EXPECT_EQ(queue.size(), expected.size());
}

TEST(ByteQueue, MovesExactlyTheBytesAskedFor) {
  BufferPool pool;
  std::mt19937 random(7);
  ByteQueue from(pool);
  ByteQueue to(pool);
  std::string expected;
  std::string moved;
  for (int i = 0; i < 500; ++i) {
    const std::string piece = Pattern(random() % 20000);
    Append(from, piece);
    expected += piece;
    const size_t part = random() % (from.size() + 1);
    from.MoveTo(to, part);
    Append(to, "|");
    moved += expected.substr(0, part) + "|";
    expected.erase(0, part);
    ASSERT_EQ(from.size(), expected.size());
  }
  EXPECT_EQ(Text(to), moved);
  EXPECT_EQ(Text(from), expected);
}

TEST(ByteQueue, WhatIsAppendedToOneQueueDoesNotShowInAnotherThatSharesItsBuffer) {
  BufferPool pool;
  ByteQueue from(pool);
  ByteQueue to(pool);
  ByteQueue copy(pool);
  Append(from, Pattern(3000));
  from.MoveTo(to, 2000, &copy);
  Append(to, "to");
  Append(from, "from");
  Append(copy, "copy");
  EXPECT_EQ(Text(to), Pattern(3000).substr(0, 2000) + "to");
  EXPECT_EQ(Text(from), Pattern(3000).substr(2000) + "from");
  EXPECT_EQ(Text(copy), Pattern(3000).substr(0, 2000) + "copy");
}

TEST(ByteQueue, WhatWasMovedCanBePutBack) {
  BufferPool pool;
  ByteQueue from(pool);
  ByteQueue to(pool);
  ByteQueue copy(pool);
  Append(from, Pattern(5000));
  from.MoveTo(to, 10, &copy);
  from.MoveTo(to, 3000, &copy);
  from.Prepend(copy);
  EXPECT_EQ(Text(from), Pattern(5000));
  EXPECT_TRUE(copy.empty());
}

TEST(ByteQueue, WhatHasLeftGivesItsMemoryBackAtOnce) {
  BufferPool pool;
  ByteQueue queue(pool);
  Append(queue, Pattern(40000));
  iovec first{};
  queue.Gather(&first, 1);
  queue.RemovePrefix(first.iov_len);
  Buffer* again = pool.Take(first.iov_len);
  EXPECT_EQ(again->data(), first.iov_base);
  pool.Give(again);
}

TEST(ByteQueue, GathersWhatIsThere) {
  BufferPool pool;
  ByteQueue queue(pool);
  Append(queue, Pattern(100000));
  queue.RemovePrefix(20000);
  std::array<iovec, 64> pieces;
  const size_t count = queue.Gather(pieces.data(), pieces.size());
  std::string text;
  for (size_t i = 0; i < count; ++i) text.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  EXPECT_EQ(text, Pattern(100000).substr(20000));
}

}  // namespace
}  // namespace myelin::frame
