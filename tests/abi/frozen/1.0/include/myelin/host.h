/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host does for a policy. The struct is handed to `create` and stays valid until `destroy` has returned. Never
 * call [control] functions from a [worker] hook.
 */
#ifndef MYELIN_HOST_H
#define MYELIN_HOST_H

#include <myelin/types.h>

#define MYELIN_LOG_DEBUG 1u
#define MYELIN_LOG_INFO 2u
#define MYELIN_LOG_WARNING 3u
#define MYELIN_LOG_ERROR 4u

#define MYELIN_METRIC_COUNTER 1u /* only grows */
#define MYELIN_METRIC_GAUGE 2u

typedef struct myelin_host {
  uint32_t struct_size;
  uint32_t abi_minor;    /* of the running host */
  void* context;         /* the host's; hand it back to every function below */
  myelin_string proxy;   /* the name of the proxy this instance serves */
  uint32_t worker_count; /* shards that will be made, at least 1; more may follow after a reload */
  uint32_t reserved;

  /* [any] Writes a log line tagged with plugin and proxy. Rate-limited by the host. `message` is copied. */
  void (*log)(void* context, uint32_t level, const char* message, uint64_t size);

  /* [any] Monotonic time in nanoseconds, the clock of every *_ns field. */
  uint64_t (*now_ns)(void* context);

  /* [control], only inside `create`. Asks for a metadata key (lower case) of every call, and answers in `slot` where
   * myelin_call.metadata will have it. Asking twice for one key answers one slot. */
  int32_t (*want_metadata)(void* context, const char* key, uint64_t key_size, uint32_t* slot);

  /* [control] Calls `fire(argument)` on the control thread every `interval_ns` (at least 1 ms) until it is stopped or
   * the instance is destroyed. `timer` identifies it. */
  int32_t (*start_timer)(void* context, uint64_t interval_ns, void (*fire)(void* argument), void* argument,
                         uint64_t* timer);
  void (*stop_timer)(void* context, uint64_t timer);

  /* [control], only inside `create`. A metric of this policy, shown by /metrics and /stats as myelin_plugin_<name>.
   * `cell` is the host's memory and outlives the instance; add to it with __atomic_fetch_add, relaxed. */
  int32_t (*add_metric)(void* context, uint32_t kind, const char* name, const char* doc, uint64_t** cell);
} myelin_host;

static inline void myelin_count(uint64_t* cell, uint64_t amount) { __atomic_fetch_add(cell, amount, __ATOMIC_RELAXED); }

#endif
