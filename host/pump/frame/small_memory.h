// SPDX-License-Identifier: Apache-2.0
//
// The memory that nghttp2 takes for streams, frames and header texts: small pieces that come and go with every call.
// Free ones are kept by size, up to a bound, and taken again without asking the C library. Belongs to a worker, and
// outlives its sessions.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace myelin::frame {

class SmallMemory {
 public:
  SmallMemory();
  ~SmallMemory();
  SmallMemory(const SmallMemory&) = delete;
  SmallMemory& operator=(const SmallMemory&) = delete;

  nghttp2_mem* nghttp2() { return &interface_; }

 private:
  // What stands before each piece.
  struct alignas(16) Piece {
    Piece* next;
    size_t bytes;  // of what follows
  };
  static constexpr size_t kStep = 64;
  static constexpr size_t kClasses = 16;            // up to 1 KiB; larger pieces are rare and not kept
  static constexpr size_t kKeptBytes = 512 * 1024;  // of each size

  void* Take(size_t bytes);
  void Give(void* memory);
  static void* Malloc(size_t bytes, void* self);
  static void Free(void* memory, void* self);
  static void* Calloc(size_t count, size_t bytes, void* self);
  static void* Realloc(void* memory, size_t bytes, void* self);

  std::array<Piece*, kClasses> free_{};
  std::array<size_t, kClasses> kept_{};
  nghttp2_mem interface_;
};

}  // namespace myelin::frame
