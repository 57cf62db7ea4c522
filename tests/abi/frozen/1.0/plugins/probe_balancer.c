/* SPDX-License-Identifier: Apache-2.0 */
/* A balancer that checks snapshots, what it prepared for them, and results. Takes the endpoints in turn. */
#include "probe_call.h"
#include "probe_endpoint.h"
#include "probe_options.h"

/* What `update` leaves in a snapshot. */
typedef struct Prepared {
  uint64_t version;
  uint32_t endpoint_count;
} Prepared;

static const char* CheckIds(const myelin_snapshot* snapshot) {
  uint32_t i;
  for (i = 1; i < snapshot->endpoint_count; ++i) {
    MUST(myelin_endpoint_at(snapshot, i)->id != myelin_endpoint_at(snapshot, i - 1)->id);
  }
  return NULL;
}

static const char* CheckSnapshot(const myelin_snapshot* snapshot, uint64_t now_ns) {
  uint32_t i;
  MUST(MYELIN_HAS(snapshot, myelin_snapshot, prepared));
  MUST(snapshot->endpoint_stride >= PROBE_REACH(myelin_endpoint, cell));
  MUST(snapshot->endpoint_count == 0 || snapshot->endpoints != NULL);
  for (i = 0; i < snapshot->endpoint_count; ++i) MUST_BE_FINE(ProbeEndpoint(myelin_endpoint_at(snapshot, i), now_ns));
  return CheckIds(snapshot);
}

static const char* CheckUpdate(Probe* probe, const myelin_snapshot* snapshot) {
  MUST(snapshot->prepared == NULL);
  MUST(probe->seen_version == 0 || snapshot->version > probe->seen_version);
  probe->seen_version = snapshot->version;
  return CheckSnapshot(snapshot, probe->host->now_ns(probe->host->context));
}

static int32_t Update(void* instance, const myelin_snapshot* snapshot, void** prepared, myelin_error* error) {
  Probe* probe = instance;
  Prepared* made;
  const char* fault = ProbeCount(probe, CheckUpdate(probe, snapshot));
  if (fault != NULL) return ProbeAnswer(fault, error);
  made = calloc(1, sizeof(Prepared));
  if (made == NULL) return MYELIN_ERROR_NO_MEMORY;
  made->version = snapshot->version;
  made->endpoint_count = snapshot->endpoint_count;
  *prepared = made;
  return MYELIN_OK;
}

static void Release(void* instance, void* prepared) {
  Prepared* made = prepared;
  Probe* probe = instance;
  ProbeCount(probe, made->version <= probe->seen_version ? NULL : "release of what update has not made");
  free(made);
}

static const char* CheckPick(ProbeShard* shard, const myelin_snapshot* snapshot, const myelin_call* call,
                             const myelin_pick* out) {
  const Prepared* prepared = snapshot->prepared;
  MUST(MYELIN_HAS(out, myelin_pick, message));
  MUST(out->index == 0 && out->token == 0 && out->status == 0 && out->reserved == 0);
  MUST(out->message.data == NULL && out->message.size == 0);
  MUST(snapshot->endpoint_count >= 1);
  MUST(prepared != NULL);
  MUST(prepared->version == snapshot->version);
  MUST(prepared->endpoint_count == snapshot->endpoint_count);
  MUST_BE_FINE(ProbeCall(shard, call));
  return CheckSnapshot(snapshot, call->now_ns);
}

static uint32_t Pick(void* shard, const myelin_snapshot* snapshot, const myelin_call* call, myelin_pick* out) {
  ProbeShard* self = shard;
  if (ProbeCount(self->probe, CheckPick(self, snapshot, call, out)) != NULL) return PROBE_NO_VERDICT;
  if (ProbeAsked(self, call, "balancer")) {
    out->status = MYELIN_GRPC_ABORTED;
    ProbeSay(&out->message, "the balancer was asked to");
    return MYELIN_PICK_FAIL;
  }
  out->index = (uint32_t)(self->given % snapshot->endpoint_count);
  out->token = ++self->given;
  return MYELIN_PICK;
}

static const myelin_balancer kBalancer = {
    .struct_size = sizeof(myelin_balancer),
    .create = ProbeCreate,
    .destroy = ProbeDestroy,
    .create_shard = ProbeCreateShard,
    .destroy_shard = ProbeDestroyShard,
    .update = Update,
    .release = Release,
    .pick = Pick,
    .done = ProbeDone,
    .save = ProbeSave,
    .load = ProbeLoad,
};

PROBE_PLUGIN(MYELIN_BALANCER_1, "probe_balancer", kBalancer)
