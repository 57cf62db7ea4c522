/* SPDX-License-Identifier: Apache-2.0 */
/*
 * myelin.balancer/1: chooses the endpoint of a call. One instance per proxy, one shard of it per worker.
 *
 * Life: create, update, create_shard for each worker, then picks; further updates at any time beside picks on the
 * older snapshot; destroy_shard for each, release for each prepared snapshot, destroy.
 */
#ifndef MYELIN_BALANCER_H
#define MYELIN_BALANCER_H

#include <myelin/call.h>
#include <myelin/endpoint.h>
#include <myelin/host.h>
#include <myelin/options.h>
#include <myelin/status.h>

#define MYELIN_BALANCER_1 "myelin.balancer/1"

#define MYELIN_PICK 0u       /* take endpoint `index` of the snapshot */
#define MYELIN_PICK_QUEUE 1u /* none suits now: ask again when a call ends or the snapshot changes */
#define MYELIN_PICK_FAIL 2u  /* end the call with `status` and `message` */

/* The answer; on the host's stack, zeroed but for struct_size. */
typedef struct myelin_pick {
  uint32_t struct_size;
  uint32_t index;  /* MYELIN_PICK */
  uint64_t token;  /* MYELIN_PICK: comes back in the call's result */
  uint32_t status; /* MYELIN_PICK_FAIL: MYELIN_GRPC_…; 0 counts as UNAVAILABLE */
  uint32_t reserved;
  myelin_string message; /* MYELIN_PICK_FAIL: copied by the host after the hook returns */
} myelin_pick;

typedef struct myelin_balancer {
  uint32_t struct_size;
  uint32_t reserved;

  /* [control] Makes the instance. On failure answers a code, fills `error`, leaves `instance` alone. */
  int32_t (*create)(const myelin_host* host, const myelin_options* options, void** instance, myelin_error* error);
  /* [control] Optional. All shards and prepared snapshots are gone by then. */
  void (*destroy)(void* instance);

  /* [control] Optional: state of one worker. Left out, the instance itself is every worker's shard. */
  int32_t (*create_shard)(void* instance, uint32_t worker, void** shard, myelin_error* error);
  void (*destroy_shard)(void* instance, void* shard);

  /* [control] Optional. The endpoints changed. May build what picks on this snapshot need and leave it in `prepared`;
   * the host shows it as snapshot->prepared to picks and gives it back to `release` when no worker uses the snapshot.
   */
  int32_t (*update)(void* instance, const myelin_snapshot* snapshot, void** prepared, myelin_error* error);
  /* [control] Optional. */
  void (*release)(void* instance, void* prepared);

  /* [worker] Answers MYELIN_PICK…. Must not block, allocate or call the host. */
  uint32_t (*pick)(void* shard, const myelin_snapshot* snapshot, const myelin_call* call, myelin_pick* out);

  /* [worker] Optional. Calls that this shard picked for have ended; each is told exactly once, some time after. */
  void (*done)(void* shard, const myelin_call_result* results, uint32_t count, uint32_t stride);

  /* [control] Optional: state handed to the next generation. `save` writes at most `capacity` bytes and answers
   * MYELIN_ERROR_NO_SPACE with the size it needs if that is too few; `load` may refuse bytes it does not know. */
  int32_t (*save)(void* instance, void* buffer, uint64_t capacity, uint64_t* size);
  int32_t (*load)(void* instance, const void* bytes, uint64_t size, myelin_error* error);
} myelin_balancer;

#endif
