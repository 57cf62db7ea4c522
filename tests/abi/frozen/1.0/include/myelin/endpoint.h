/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endpoints of a proxy as a policy sees them: an immutable snapshot of those that can be used now, and for
 * each a live cell that all workers write. The host leaves out of a snapshot what is down, so a balancer need not look.
 */
#ifndef MYELIN_ENDPOINT_H
#define MYELIN_ENDPOINT_H

#include <myelin/types.h>

#define MYELIN_ENDPOINT_UP 0u
#define MYELIN_ENDPOINT_DOWN 1u     /* the last attempts to connect failed */
#define MYELIN_ENDPOINT_DRAINING 2u /* removed; finishing its calls */

/*
 * What all workers know of an endpoint at this moment; one cache line. Written by the host with relaxed atomics: read
 * each field through myelin_load_u64 or myelin_load_u32. It lives as long as any snapshot that shows it.
 */
typedef struct __attribute__((aligned(64))) myelin_endpoint_cell {
  uint32_t struct_size;
  uint32_t state;        /* MYELIN_ENDPOINT_… */
  uint64_t in_flight;    /* calls picked and not settled, over all workers */
  uint64_t latency_ns;   /* moving average of the time to the first response byte, weight 1/8; 0: none yet */
  uint64_t picked_total; /* calls that were given to it */
  uint64_t failed_total; /* of these, how many ended UNAVAILABLE, INTERNAL, UNKNOWN or DEADLINE_EXCEEDED */
  uint64_t reserved[3];
} myelin_endpoint_cell;

/* An entry of an endpoint's metadata, as configured. */
typedef struct myelin_pair {
  myelin_string key;
  myelin_string value;
} myelin_pair;

typedef struct myelin_endpoint {
  uint32_t struct_size;
  uint32_t weight;   /* 0: gets no calls while another has a weight; default 1 */
  uint64_t id;       /* never reused while the process lives */
  uint32_t priority; /* 0 is taken first */
  uint32_t pair_count;
  const myelin_pair* pairs;
  myelin_string address; /* "10.0.0.1:50051" */
  myelin_string locality;
  uint64_t joined_ns; /* monotonic: when it came into, or back into, the snapshots; 0: it was there from the start */
  const myelin_endpoint_cell* cell;
} myelin_endpoint;

typedef struct myelin_snapshot {
  uint32_t struct_size;
  uint32_t endpoint_count;  /* at least 1 whenever the host asks for a pick */
  uint32_t endpoint_stride; /* use myelin_endpoint_at */
  uint32_t reserved;
  const myelin_endpoint* endpoints;
  uint64_t version; /* counts up with each snapshot of a proxy */
  void* prepared;   /* what this balancer's `update` made for this snapshot; NULL inside `update` */
} myelin_snapshot;

static inline const myelin_endpoint* myelin_endpoint_at(const myelin_snapshot* snapshot, uint32_t index) {
  return MYELIN_AT(myelin_endpoint, snapshot->endpoints, snapshot->endpoint_stride, index);
}

static inline uint64_t myelin_load_u64(const uint64_t* cell) { return __atomic_load_n(cell, __ATOMIC_RELAXED); }
static inline uint32_t myelin_load_u32(const uint32_t* cell) { return __atomic_load_n(cell, __ATOMIC_RELAXED); }

#endif
