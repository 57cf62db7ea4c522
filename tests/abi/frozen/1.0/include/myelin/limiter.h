/* SPDX-License-Identifier: Apache-2.0 */
/*
 * myelin.limiter/1: admits a call, delays it, or refuses it. Rate limits, quotas and permission checks are limiters.
 * A proxy asks its limiters in the order configured; the first that refuses answers the call.
 */
#ifndef MYELIN_LIMITER_H
#define MYELIN_LIMITER_H

#include <myelin/call.h>
#include <myelin/host.h>
#include <myelin/options.h>
#include <myelin/status.h>

#define MYELIN_LIMITER_1 "myelin.limiter/1"

#define MYELIN_ADMIT 0u
#define MYELIN_ADMIT_DELAY 1u  /* admitted, but `delay_ns` from now; it is not asked again */
#define MYELIN_ADMIT_REJECT 2u /* end the call with `status` and `message` */

/* For `pushback_ms`: the client should not retry at all. */
#define MYELIN_PUSHBACK_STOP (-1)

typedef struct myelin_admit {
  uint32_t struct_size;
  uint32_t status;       /* REJECT: MYELIN_GRPC_…; 0 counts as RESOURCE_EXHAUSTED */
  uint64_t token;        /* ADMIT, DELAY: comes back in the call's result */
  uint64_t delay_ns;     /* DELAY */
  myelin_string message; /* REJECT: copied by the host after the hook returns */
  int64_t pushback_ms;   /* REJECT: sent as grpc-retry-pushback-ms (gRFC A6) unless 0 */
} myelin_admit;

/* Flag: this limiter guards permissions, so when its answer is invalid the host refuses the call. Without it the host
 * admits. */
#define MYELIN_LIMITER_FAIL_CLOSED 1u

typedef struct myelin_limiter {
  uint32_t struct_size;
  uint32_t flags; /* MYELIN_LIMITER_FAIL_CLOSED or 0 */

  /* [control] As in myelin_balancer. */
  int32_t (*create)(const myelin_host* host, const myelin_options* options, void** instance, myelin_error* error);
  void (*destroy)(void* instance);
  int32_t (*create_shard)(void* instance, uint32_t worker, void** shard, myelin_error* error);
  void (*destroy_shard)(void* instance, void* shard);

  /* [worker] Answers MYELIN_ADMIT…. Must not block, allocate or call the host. */
  uint32_t (*admit)(void* shard, const myelin_call* call, myelin_admit* out);

  /* [worker] Optional. Calls that this shard admitted have ended; each is told exactly once, some time after. */
  void (*done)(void* shard, const myelin_call_result* results, uint32_t count, uint32_t stride);

  /* [control] Optional, as in myelin_balancer. */
  int32_t (*save)(void* instance, void* buffer, uint64_t capacity, uint64_t* size);
  int32_t (*load)(void* instance, const void* bytes, uint64_t size, myelin_error* error);
} myelin_limiter;

#endif
