/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words every other header is written in: the ABI's version, strings, growth rules.
 *
 * Growth: a struct that can be extended begins with `struct_size`, set by whoever fills it in, and only ever grows
 * at its end. Zero or NULL in a field means "as before this field existed". Arrays carry a stride: step by the
 * stride, never by your own sizeof. Interfaces are named by a string with a revision and version alone.
 *
 * Threads: each function is tagged.
 *   [control]  called on the control thread, one at a time for an instance; may block, may allocate
 *   [worker]   called on the worker that owns the shard, never twice at once for one shard; must not block
 *   [any]      may be called from any thread at any time
 *
 * Ownership: what you are handed is borrowed until the function returns, unless its comment says longer.
 */
#ifndef MYELIN_TYPES_H
#define MYELIN_TYPES_H

#include <stdint.h>

#define MYELIN_ABI_MAJOR 1u
#define MYELIN_ABI_MINOR 0u

#ifdef __cplusplus
#define MYELIN_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define MYELIN_EXPORT __attribute__((visibility("default")))
#endif

/* Bytes with a length: UTF-8 text or binary metadata. Not NUL-terminated. `data` may be NULL when `size` is 0. */
typedef struct myelin_string {
  const char* data;
  uint64_t size;
} myelin_string;

/* Element `index` of an array with a stride. */
#define MYELIN_AT(type, items, stride, index) \
  ((const type*)(const void*)((const char*)(items) + (uint64_t)(stride) * (uint64_t)(index)))

/* Whether the struct that `pointer` shows reaches as far as `field`, that is, whether its maker knew that field. */
#define MYELIN_HAS(pointer, type, field) \
  ((pointer)->struct_size >= (uint32_t)(__builtin_offsetof(type, field) + sizeof((pointer)->field)))

#endif
