/* SPDX-License-Identifier: Apache-2.0 */
/* A limiter that checks calls and results. Admits, delays or rejects as the caller asks. */
#include "probe_call.h"
#include "probe_options.h"

static const char* CheckAdmit(ProbeShard* shard, const myelin_call* call, const myelin_admit* out) {
  MUST(MYELIN_HAS(out, myelin_admit, pushback_ms));
  MUST(out->status == 0 && out->token == 0 && out->delay_ns == 0 && out->pushback_ms == 0);
  MUST(out->message.data == NULL && out->message.size == 0);
  return ProbeCall(shard, call);
}

static uint32_t Admit(void* shard, const myelin_call* call, myelin_admit* out) {
  ProbeShard* self = shard;
  if (ProbeCount(self->probe, CheckAdmit(self, call, out)) != NULL) return PROBE_NO_VERDICT;
  if (ProbeAsked(self, call, "limiter")) {
    out->status = MYELIN_GRPC_PERMISSION_DENIED;
    ProbeSay(&out->message, "the limiter was asked to");
    out->pushback_ms = MYELIN_PUSHBACK_STOP;
    return MYELIN_ADMIT_REJECT;
  }
  out->token = ++self->given;
  if (!ProbeAsked(self, call, "delay")) return MYELIN_ADMIT;
  out->delay_ns = 2000000;
  return MYELIN_ADMIT_DELAY;
}

static const myelin_limiter kLimiter = {
    .struct_size = sizeof(myelin_limiter),
    .flags = MYELIN_LIMITER_FAIL_CLOSED,
    .create = ProbeCreate,
    .destroy = ProbeDestroy,
    .create_shard = ProbeCreateShard,
    .destroy_shard = ProbeDestroyShard,
    .admit = Admit,
    .done = ProbeDone,
    .save = ProbeSave,
    .load = ProbeLoad,
};

PROBE_PLUGIN(MYELIN_LIMITER_1, "probe_limiter", kLimiter)
