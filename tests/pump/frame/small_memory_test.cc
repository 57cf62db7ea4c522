// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/small_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace myelin::frame {
namespace {

class SmallMemoryTest : public testing::Test {
 protected:
  void* Malloc(size_t bytes) { return interface_->malloc(bytes, interface_->mem_user_data); }
  void* Realloc(void* memory, size_t bytes) { return interface_->realloc(memory, bytes, interface_->mem_user_data); }
  void Free(void* memory) { interface_->free(memory, interface_->mem_user_data); }

  SmallMemory memory_;
  nghttp2_mem* interface_ = memory_.nghttp2();
};

TEST_F(SmallMemoryTest, PiecesInUseNeverOverlap) {
  struct Held {
    uint8_t* bytes;
    size_t size;
    uint8_t mark;
  };
  std::mt19937 random(7);
  std::vector<Held> held;
  for (int i = 0; i < 20'000; ++i) {
    if (held.size() > 200 || (!held.empty() && random() % 2 == 0)) {
      std::swap(held[random() % held.size()], held.back());
      const Held last = held.back();
      held.pop_back();
      EXPECT_TRUE(std::all_of(last.bytes, last.bytes + last.size, [&](uint8_t byte) { return byte == last.mark; }));
      Free(last.bytes);
      continue;
    }
    const Held next{nullptr, random() % 3000, static_cast<uint8_t>(random())};
    held.push_back({static_cast<uint8_t*>(Malloc(next.size)), next.size, next.mark});
    ASSERT_NE(held.back().bytes, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(held.back().bytes) % 16, 0u);
    std::memset(held.back().bytes, next.mark, next.size);
  }
  for (const Held& each : held) Free(each.bytes);
}

TEST_F(SmallMemoryTest, GrowingKeepsWhatIsThere) {
  auto* bytes = static_cast<uint8_t*>(Malloc(10));
  std::memset(bytes, 'a', 10);
  for (const size_t size : {40u, 65u, 1024u, 1025u, 100'000u}) {
    bytes = static_cast<uint8_t*>(Realloc(bytes, size));
    EXPECT_TRUE(std::all_of(bytes, bytes + 10, [](uint8_t byte) { return byte == 'a'; }));
    bytes[size - 1] = 'z';
  }
  Free(bytes);
}

TEST_F(SmallMemoryTest, ZeroedMemoryIsZeroAlsoWhenItWasUsedBefore) {
  void* used = Malloc(100);
  std::memset(used, 0xff, 100);
  Free(used);
  auto* zeroed = static_cast<uint8_t*>(interface_->calloc(10, 10, interface_->mem_user_data));
  EXPECT_TRUE(std::all_of(zeroed, zeroed + 100, [](uint8_t byte) { return byte == 0; }));
  Free(zeroed);
  EXPECT_EQ(interface_->calloc(SIZE_MAX, 16, interface_->mem_user_data), nullptr);
}

}  // namespace
}  // namespace myelin::frame
