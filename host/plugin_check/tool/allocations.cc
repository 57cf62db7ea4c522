// SPDX-License-Identifier: Apache-2.0
#include "plugin_check/tool/allocations.h"

#include <cerrno>
#include <cstddef>

namespace {

thread_local uint64_t allocations = 0;

}  // namespace

namespace myelin {

uint64_t AllocationsOfThisThread() { return allocations; }

}  // namespace myelin

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

// The sanitizers have malloc already; they tell of each call instead.
extern "C" __attribute__((visibility("default"))) void __sanitizer_malloc_hook(const volatile void*, size_t) {
  ++allocations;
}
extern "C" __attribute__((visibility("default"))) void __sanitizer_free_hook(const volatile void*) {}

#else

extern "C" {

// glibc's own, by the names it keeps for programs that do what this one does.
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

#define MYELIN_REPLACEMENT __attribute__((visibility("default")))

MYELIN_REPLACEMENT void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}

MYELIN_REPLACEMENT void* calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}

MYELIN_REPLACEMENT void* realloc(void* memory, size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}

MYELIN_REPLACEMENT void* memalign(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}

MYELIN_REPLACEMENT void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

MYELIN_REPLACEMENT int posix_memalign(void** out, size_t alignment, size_t size) {
  void* memory = memalign(alignment, size);
  if (memory == nullptr) return ENOMEM;
  *out = memory;
  return 0;
}

}  // extern "C"

#endif
