/* SPDX-License-Identifier: Apache-2.0 */
/* A pool that checks views and connections. One connection per worker and endpoint, noted, and replaced after many
 * calls. */
#include "probe_call.h"
#include "probe_endpoint.h"
#include "probe_options.h"

#define CALLS_OF_A_CONNECTION 100

static const char* CheckConnection(const myelin_connection* connection, uint64_t now_ns) {
  MUST(MYELIN_HAS(connection, myelin_connection, note));
  MUST(connection->state >= MYELIN_CONNECTION_CONNECTING && connection->state <= MYELIN_CONNECTION_DRAINING);
  MUST(connection->id != 0);
  MUST(connection->streams < 1000000);
  MUST(connection->stream_limit >= 1);
  MUST(connection->opened_ns > 0 && connection->opened_ns <= now_ns);
  MUST(connection->idle_ns <= now_ns);
  MUST(connection->idle_ns == 0 || connection->streams == 0);
  MUST(connection->total < UINT64_C(1) << 40);
  MUST(connection->note == 0 || connection->note == connection->id * 3);
  return NULL;
}

static const char* CheckView(const myelin_pool_view* view) {
  uint32_t i;
  MUST(MYELIN_HAS(view, myelin_pool_view, random));
  MUST(view->connection_stride >= PROBE_REACH(myelin_connection, note));
  MUST(view->connection_count == 0 || view->connections != NULL);
  MUST(view->queued < 1000000);
  MUST(view->now_ns > 0);
  MUST(view->worker < view->worker_count);
  MUST(view->random != 0);
  MUST(myelin_pool_share(view, 64) >= 1 && myelin_pool_share(view, 64) <= 64);
  MUST(view->endpoint != NULL);
  for (i = 0; i < view->connection_count; ++i) {
    MUST_BE_FINE(CheckConnection(myelin_connection_at(view, i), view->now_ns));
  }
  return ProbeEndpoint(view->endpoint, view->now_ns);
}

static const char* CheckAcquire(ProbeShard* shard, const myelin_pool_view* view, const myelin_call* call,
                                const myelin_acquire* out) {
  MUST(MYELIN_HAS(out, myelin_acquire, message));
  MUST(out->index == 0 && out->queue_ms == 0 && out->open == 0 && out->status == 0 && out->reserved == 0);
  MUST(out->message.data == NULL && out->message.size == 0);
  MUST_BE_FINE(ProbeCall(shard, call));
  return CheckView(view);
}

/* The first connection that is not about to close, or `connection_count`. */
static uint32_t FirstUsable(const myelin_pool_view* view) {
  uint32_t i = 0;
  while (i < view->connection_count && myelin_connection_at(view, i)->state == MYELIN_CONNECTION_DRAINING) ++i;
  return i;
}

static uint32_t Acquire(void* shard, const myelin_pool_view* view, const myelin_call* call, myelin_acquire* out) {
  ProbeShard* self = shard;
  const uint32_t usable = FirstUsable(view);
  if (ProbeCount(self->probe, CheckAcquire(self, view, call, out)) != NULL) return PROBE_NO_VERDICT;
  if (ProbeAsked(self, call, "pool")) {
    out->status = MYELIN_GRPC_OUT_OF_RANGE;
    ProbeSay(&out->message, "the pool was asked to");
    return MYELIN_ACQUIRE_FAIL;
  }
  if (usable == view->connection_count) return MYELIN_ACQUIRE_OPEN;
  out->index = usable;
  if (myelin_connection_at(view, usable)->streams < myelin_connection_at(view, usable)->stream_limit) {
    return MYELIN_ACQUIRE_USE;
  }
  out->queue_ms = 1000;
  return MYELIN_ACQUIRE_QUEUE;
}

static const char* CheckTick(const myelin_pool_view* view, const myelin_tick* out) {
  MUST(MYELIN_HAS(out, myelin_tick, commands));
  MUST(out->capacity >= 1 && out->commands != NULL);
  MUST(out->count == 0);
  MUST(out->command_stride >= PROBE_REACH(myelin_tick_command, value));
  return CheckView(view);
}

static const char* CheckCommands(const myelin_pool_view* view, const myelin_tick* out) {
  uint32_t i;
  MUST(out->count <= out->capacity);
  for (i = 0; i < out->count; ++i) {
    const myelin_tick_command* command = MYELIN_AT(myelin_tick_command, out->commands, out->command_stride, i);
    MUST(command->verb >= MYELIN_TICK_OPEN && command->verb <= MYELIN_TICK_NOTE);
    MUST(command->verb == MYELIN_TICK_OPEN || command->index < view->connection_count);
    MUST(command->verb != MYELIN_TICK_NOTE || command->value != 0);
  }
  return NULL;
}

static const char* Wish(const myelin_pool_view* view, myelin_tick* out) {
  uint32_t i;
  if (view->connection_count == 0) myelin_tick_add(out, MYELIN_TICK_OPEN, 0, 0);
  for (i = 0; i < view->connection_count; ++i) {
    const myelin_connection* connection = myelin_connection_at(view, i);
    if (connection->state != MYELIN_CONNECTION_READY) continue;
    if (connection->note == 0) myelin_tick_add(out, MYELIN_TICK_NOTE, i, connection->id * 3);
    if (connection->total >= CALLS_OF_A_CONNECTION) myelin_tick_add(out, MYELIN_TICK_DRAIN, i, 0);
  }
  return CheckCommands(view, out);
}

static void Tick(void* shard, const myelin_pool_view* view, myelin_tick* out) {
  const ProbeShard* self = shard;
  const char* fault = ProbeCount(self->probe, CheckTick(view, out));
  if (fault == NULL) ProbeCount(self->probe, Wish(view, out));
}

static uint32_t MaxWorkers(void* instance) {
  (void)instance;
  return 64;
}

static const myelin_pool kPool = {
    .struct_size = sizeof(myelin_pool),
    .create = ProbeCreate,
    .destroy = ProbeDestroy,
    .create_shard = ProbeCreateShard,
    .destroy_shard = ProbeDestroyShard,
    .max_workers = MaxWorkers,
    .acquire = Acquire,
    .tick = Tick,
    .save = ProbeSave,
    .load = ProbeLoad,
};

PROBE_PLUGIN(MYELIN_POOL_1, "probe_pool", kPool)
