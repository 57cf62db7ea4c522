/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call (one RPC) as a policy sees it, and how it ended. The host lays both out; a policy only reads. Pointers in
 * a myelin_call are valid until the hook returns; copy what must last.
 */
#ifndef MYELIN_CALL_H
#define MYELIN_CALL_H

#include <myelin/types.h>

#define MYELIN_NO_DEADLINE UINT64_MAX

#define MYELIN_PEER_UNKNOWN 0u
#define MYELIN_PEER_IPV4 4u
#define MYELIN_PEER_IPV6 6u
#define MYELIN_PEER_UNIX 1u

/* All values of one metadata key that the policy asked for with want_metadata, in the order received. */
typedef struct myelin_metadata {
  uint32_t count; /* 0: the call does not carry the key */
  uint32_t reserved;
  const myelin_string* values; /* text, or the decoded bytes of a `-bin` key */
} myelin_metadata;

typedef struct myelin_call {
  uint32_t struct_size;
  uint32_t attempt;      /* 0 for the first pick; counts picks of the same call that could not be used */
  uint64_t now_ns;       /* monotonic time of this hook */
  uint64_t start_ns;     /* monotonic: when the call's headers had arrived */
  uint64_t deadline_ns;  /* monotonic, absolute, or MYELIN_NO_DEADLINE */
  uint64_t random;       /* 64 fresh random bits for this hook */
  myelin_string path;    /* "/shop.v1.Cart/Get" */
  myelin_string service; /* "shop.v1.Cart" */
  myelin_string method;  /* "Get" */
  myelin_string authority;
  myelin_string peer;   /* the downstream address as text, "10.1.2.3:4711" */
  uint8_t peer_ip[16];  /* in network order; IPv4 in the first 4 bytes */
  uint32_t peer_family; /* MYELIN_PEER_… */
  uint32_t peer_port;
  const myelin_metadata* metadata; /* index: the slot that want_metadata answered */
  uint32_t metadata_count;
  uint32_t metadata_stride; /* use myelin_metadata_at */
} myelin_call;

static inline const myelin_metadata* myelin_metadata_at(const myelin_call* call, uint32_t slot) {
  return MYELIN_AT(myelin_metadata, call->metadata, call->metadata_stride, slot);
}

#define MYELIN_OUTCOME_SUCCESS 0u        /* the upstream answered, whatever its grpc-status */
#define MYELIN_OUTCOME_CONNECT_FAILED 1u /* no connection; the call never left */
#define MYELIN_OUTCOME_LOST 2u           /* the connection or stream broke before the end */
#define MYELIN_OUTCOME_DEADLINE 3u       /* the call's deadline or the proxy's request timeout passed */
#define MYELIN_OUTCOME_CANCELLED 4u      /* the downstream went away */
#define MYELIN_OUTCOME_REFUSED 5u        /* the host or another policy refused it after this one let it pass */

/* How a call ended, for the policies that had a part in it. */
typedef struct myelin_call_result {
  uint32_t struct_size;
  uint32_t outcome;     /* MYELIN_OUTCOME_… */
  uint32_t grpc_status; /* MYELIN_GRPC_… */
  uint32_t reserved;
  uint64_t endpoint_id;    /* 0: none was picked */
  uint64_t token;          /* what the policy answered with its pick or admission */
  uint64_t first_byte_ns;  /* from the pick to the first response header; 0: none came */
  uint64_t total_ns;       /* from the pick (balancer) or admission (limiter) to the end */
  uint64_t bytes_sent;     /* message bytes to the upstream */
  uint64_t bytes_received; /* message bytes from the upstream */
} myelin_call_result;

#endif
