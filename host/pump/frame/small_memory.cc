// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/small_memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace myelin::frame {
namespace {

// A sanitizer sees what is used after it was freed only when it is freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kKeep = false;
#else
constexpr bool kKeep = true;
#endif

}  // namespace

SmallMemory::SmallMemory() : interface_{this, Malloc, Free, Calloc, Realloc} {}

SmallMemory::~SmallMemory() {
  for (Piece* first : free_) {
    while (first != nullptr) std::free(std::exchange(first, first->next));
  }
}

void* SmallMemory::Take(size_t bytes) {
  const size_t size_class = bytes == 0 ? 0 : (bytes - 1) / kStep;
  if (size_class < kClasses) {
    if (Piece* piece = free_[size_class]) {
      free_[size_class] = piece->next;
      kept_[size_class] -= piece->bytes;
      return piece + 1;
    }
    bytes = (size_class + 1) * kStep;
  }
  auto* piece = static_cast<Piece*>(std::malloc(sizeof(Piece) + bytes));
  if (piece == nullptr) return nullptr;
  piece->bytes = bytes;
  return piece + 1;
}

void SmallMemory::Give(void* memory) {
  if (memory == nullptr) return;
  Piece* piece = static_cast<Piece*>(memory) - 1;
  const size_t size_class = (piece->bytes - 1) / kStep;
  if (!kKeep || size_class >= kClasses || kept_[size_class] >= kKeptBytes) {
    std::free(piece);
    return;
  }
  piece->next = free_[size_class];
  free_[size_class] = piece;
  kept_[size_class] += piece->bytes;
}

void* SmallMemory::Malloc(size_t bytes, void* self) { return static_cast<SmallMemory*>(self)->Take(bytes); }

void SmallMemory::Free(void* memory, void* self) { static_cast<SmallMemory*>(self)->Give(memory); }

void* SmallMemory::Calloc(size_t count, size_t bytes, void* self) {
  if (bytes != 0 && count > SIZE_MAX / 2 / bytes) return nullptr;
  void* memory = Malloc(count * bytes, self);
  if (memory != nullptr) std::memset(memory, 0, count * bytes);
  return memory;
}

void* SmallMemory::Realloc(void* memory, size_t bytes, void* self) {
  if (memory == nullptr) return Malloc(bytes, self);
  const size_t had = (static_cast<Piece*>(memory) - 1)->bytes;
  if (bytes <= had) return memory;
  void* larger = Malloc(bytes, self);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, memory, std::min(had, bytes));
  Free(memory, self);
  return larger;
}

}  // namespace myelin::frame
