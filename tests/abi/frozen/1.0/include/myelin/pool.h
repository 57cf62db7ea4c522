/* SPDX-License-Identifier: Apache-2.0 */
/*
 * myelin.pool/1: decides which connection of an endpoint carries a call, and when connections open, retire and
 * close. The host owns them; a connection belongs to one worker, so a view shows one worker's connections to one
 * endpoint. A pool whose numbers are meant for the whole process shares them out with myelin_pool_share.
 */
#ifndef MYELIN_POOL_H
#define MYELIN_POOL_H

#include <myelin/call.h>
#include <myelin/endpoint.h>
#include <myelin/host.h>
#include <myelin/options.h>
#include <myelin/status.h>

#define MYELIN_POOL_1 "myelin.pool/1"

#define MYELIN_CONNECTION_CONNECTING 1u
#define MYELIN_CONNECTION_READY 2u
#define MYELIN_CONNECTION_DRAINING 3u /* takes no new streams; closes with its last */

typedef struct myelin_connection {
  uint32_t struct_size;
  uint32_t state;        /* MYELIN_CONNECTION_… */
  uint64_t id;           /* never reused while the process lives */
  uint32_t streams;      /* calls on it now; of a CONNECTING one, calls that wait for it */
  uint32_t stream_limit; /* what the peer allows, as far as the host knows; UINT32_MAX: no limit known */
  uint64_t opened_ns;    /* monotonic: when it was asked for */
  uint64_t idle_ns;      /* monotonic: since when it has had no stream; 0 while it has any */
  uint64_t total;        /* calls it has carried */
  uint64_t note;         /* the pool's own: starts at 0, set by a MYELIN_TICK_NOTE command */
} myelin_connection;

typedef struct myelin_pool_view {
  uint32_t struct_size;
  uint32_t connection_count;
  uint32_t connection_stride; /* use myelin_connection_at */
  uint32_t queued;            /* calls of this worker that wait for a slot at this endpoint */
  const myelin_connection* connections;
  const myelin_endpoint* endpoint;
  uint64_t now_ns;
  uint32_t worker;       /* 0 … worker_count - 1 */
  uint32_t worker_count; /* workers that share out the endpoint's connections */
  uint64_t random;       /* 64 fresh random bits */
} myelin_pool_view;

static inline const myelin_connection* myelin_connection_at(const myelin_pool_view* view, uint32_t index) {
  return MYELIN_AT(myelin_connection, view->connections, view->connection_stride, index);
}

/* This worker's part of `total` connections, at least 1: the parts of all workers add up to `total` if it is not less
 * than their number. */
static inline uint32_t myelin_pool_share(const myelin_pool_view* view, uint32_t total) {
  const uint32_t part = total / view->worker_count + (view->worker < total % view->worker_count ? 1u : 0u);
  return part > 0u ? part : 1u;
}

#define MYELIN_ACQUIRE_USE 0u   /* connection `index`: READY with room, or CONNECTING (the call waits for it) */
#define MYELIN_ACQUIRE_OPEN 1u  /* open a connection; the call waits for it */
#define MYELIN_ACQUIRE_QUEUE 2u /* wait at most `queue_ms` for a slot; asked again when a stream ends */
#define MYELIN_ACQUIRE_FAIL 3u  /* end the call with `status` and `message` */

typedef struct myelin_acquire {
  uint32_t struct_size;
  uint32_t index;    /* MYELIN_ACQUIRE_USE */
  uint32_t queue_ms; /* MYELIN_ACQUIRE_QUEUE; 0: the proxy's timeouts.queue */
  uint32_t open;     /* with USE or QUEUE: open so many connections besides */
  uint32_t status;   /* MYELIN_ACQUIRE_FAIL: MYELIN_GRPC_…; 0 counts as UNAVAILABLE */
  uint32_t reserved;
  myelin_string message; /* MYELIN_ACQUIRE_FAIL: copied by the host after the hook returns */
} myelin_acquire;

#define MYELIN_TICK_OPEN 1u  /* open a connection */
#define MYELIN_TICK_DRAIN 2u /* connection `index`: no new streams, close it with its last */
#define MYELIN_TICK_NOTE 3u  /* connection `index`: set its note to `value` */

typedef struct myelin_tick_command {
  uint32_t verb; /* MYELIN_TICK_… */
  uint32_t index;
  uint64_t value;
} myelin_tick_command;

/* Where a tick writes its wishes; the host's memory. */
typedef struct myelin_tick {
  uint32_t struct_size;
  uint32_t capacity;       /* commands that fit; the rest can wait for the next tick */
  uint32_t count;          /* out */
  uint32_t command_stride; /* use myelin_tick_add */
  myelin_tick_command* commands;
} myelin_tick;

/* Appends a command. Answers 1, or 0 when there is no room left. */
static inline uint32_t myelin_tick_add(myelin_tick* tick, uint32_t verb, uint32_t index, uint64_t value) {
  myelin_tick_command* command;
  if (tick->count >= tick->capacity) return 0u;
  command = (myelin_tick_command*)(void*)((char*)tick->commands + (uint64_t)tick->command_stride * tick->count);
  command->verb = verb;
  command->index = index;
  command->value = value;
  tick->count += 1u;
  return 1u;
}

typedef struct myelin_pool {
  uint32_t struct_size;
  uint32_t reserved;

  /* [control] As in myelin_balancer. */
  int32_t (*create)(const myelin_host* host, const myelin_options* options, void** instance, myelin_error* error);
  void (*destroy)(void* instance);
  int32_t (*create_shard)(void* instance, uint32_t worker, void** shard, myelin_error* error);
  void (*destroy_shard)(void* instance, void* shard);

  /* [control] Optional: on how many workers this pool's numbers can be shared out; the host serves the proxy on no
   * more. 0, or left out: on any number. */
  uint32_t (*max_workers)(void* instance);

  /* [worker] Answers MYELIN_ACQUIRE…. Must not block, allocate or call the host. */
  uint32_t (*acquire)(void* shard, const myelin_pool_view* view, const myelin_call* call, myelin_acquire* out);

  /* [worker] Optional. Called for each endpoint when it appears, about once a second, and after a connection has
   * closed. */
  void (*tick)(void* shard, const myelin_pool_view* view, myelin_tick* out);

  /* [control] Optional, as in myelin_balancer. */
  int32_t (*save)(void* instance, void* buffer, uint64_t capacity, uint64_t* size);
  int32_t (*load)(void* instance, const void* bytes, uint64_t size, myelin_error* error);
} myelin_pool;

#endif
