/* SPDX-License-Identifier: Apache-2.0 */
/* What must be true of every call and of every result that a host shows. */
#ifndef MYELIN_TESTS_ABI_PROBE_CALL_H
#define MYELIN_TESTS_ABI_PROBE_CALL_H

#include "probe.h"

static inline const char* ProbePath(const myelin_call* call) {
  const uint64_t service = call->service.size;
  MUST(call->path.size > 0 && call->path.data[0] == '/');
  MUST(call->path.size == 2 + service + call->method.size);
  MUST(memcmp(call->path.data + 1, call->service.data, (size_t)service) == 0);
  MUST(memcmp(call->path.data + 2 + service, call->method.data, (size_t)call->method.size) == 0);
  return NULL;
}

static inline const char* ProbePeer(const myelin_call* call) {
  MUST_BE_FINE(ProbeText(call->peer));
  switch (call->peer_family) {
    case MYELIN_PEER_IPV4:
      MUST(call->peer.size >= strlen("1.1.1.1:1"));
      MUST(call->peer_ip[0] != 0 && call->peer_ip[15] == 0);
      MUST(call->peer_port > 0 && call->peer_port < 65536);
      return NULL;
    case MYELIN_PEER_IPV6:
      MUST(call->peer_port > 0 && call->peer_port < 65536);
      return NULL;
    default:
      MUST(call->peer_family == MYELIN_PEER_UNKNOWN || call->peer_family == MYELIN_PEER_UNIX);
      return NULL;
  }
}

static inline const char* ProbeMetadata(const myelin_call* call, uint32_t slot) {
  uint32_t i;
  const myelin_metadata* found;
  MUST(call->metadata_count > slot);
  MUST(call->metadata_stride >= PROBE_REACH(myelin_metadata, values));
  MUST(call->metadata != NULL);
  found = myelin_metadata_at(call, slot);
  MUST(found->count == 0 || found->values != NULL);
  for (i = 0; i < found->count; ++i) MUST_BE_FINE(ProbeText(found->values[i]));
  return NULL;
}

static inline const char* ProbeCall(ProbeShard* shard, const myelin_call* call) {
  const uint64_t last = shard->last_random;
  MUST(MYELIN_HAS(call, myelin_call, metadata_stride));
  MUST(call->attempt < 100);
  MUST(call->start_ns > 0 && call->start_ns <= call->now_ns);
  MUST(call->deadline_ns == MYELIN_NO_DEADLINE || call->deadline_ns > call->start_ns);
  shard->last_random = call->random;
  MUST(call->random != last);
  MUST_BE_FINE(ProbePath(call));
  MUST(call->authority.size > 0);
  MUST_BE_FINE(ProbeText(call->authority));
  MUST_BE_FINE(ProbePeer(call));
  return ProbeMetadata(call, shard->probe->slot);
}

/* Whether the caller asks `who` to fail the call. */
static inline int ProbeAsked(const ProbeShard* shard, const myelin_call* call, const char* who) {
  const myelin_metadata* found = myelin_metadata_at(call, shard->probe->slot);
  return found->count == 1 && ProbeIs(found->values[0], who);
}

static inline const char* ProbeResult(ProbeShard* shard, const myelin_call_result* result) {
  MUST(MYELIN_HAS(result, myelin_call_result, bytes_received));
  MUST(result->outcome <= MYELIN_OUTCOME_REFUSED);
  MUST(result->grpc_status <= MYELIN_GRPC_UNAUTHENTICATED);
  MUST(result->outcome != MYELIN_OUTCOME_SUCCESS || result->endpoint_id != 0);
  MUST(result->token >= 1 && result->token <= shard->given);
  MUST(result->first_byte_ns <= result->total_ns);
  MUST(result->bytes_sent < UINT64_C(1) << 40 && result->bytes_received < UINT64_C(1) << 40);
  shard->settled += 1;
  MUST(shard->settled <= shard->given);
  return NULL;
}

/* The `done` of all probes. */
static inline void ProbeDone(void* shard, const myelin_call_result* results, uint32_t count, uint32_t stride) {
  ProbeShard* self = shard;
  uint32_t i;
  ProbeCount(self->probe,
             count > 0 && stride >= PROBE_REACH(myelin_call_result, bytes_received) ? NULL : "count and stride");
  for (i = 0; i < count; ++i) {
    ProbeCount(self->probe, ProbeResult(self, MYELIN_AT(myelin_call_result, results, stride, i)));
  }
}

#endif
