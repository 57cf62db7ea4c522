// SPDX-License-Identifier: Apache-2.0
#include "allocations.h"

#include <cerrno>
#include <cstddef>

namespace {
thread_local uint64_t allocations = 0;
}  // namespace

namespace myelin::bench {
uint64_t Allocations() { return allocations; }
}  // namespace myelin::bench

#define EXPORTED __attribute__((visibility("default")))

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

EXPORTED void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}

EXPORTED void* calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}

EXPORTED void* realloc(void* block, size_t size) {
  ++allocations;
  return __libc_realloc(block, size);
}

EXPORTED void* memalign(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}

EXPORTED void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

EXPORTED int posix_memalign(void** block, size_t alignment, size_t size) {
  *block = memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}
}
