/* SPDX-License-Identifier: Apache-2.0 */
/* What must be true of every endpoint that a host shows, and of its live cell. */
#ifndef MYELIN_TESTS_ABI_PROBE_ENDPOINT_H
#define MYELIN_TESTS_ABI_PROBE_ENDPOINT_H

#include "probe.h"

static inline const char* ProbeCell(const myelin_endpoint_cell* cell) {
  const uint64_t failed = myelin_load_u64(&cell->failed_total); /* before picked_total, which moves first */
  MUST((uintptr_t)cell % 64 == 0);
  MUST(MYELIN_HAS(cell, myelin_endpoint_cell, failed_total));
  MUST(myelin_load_u32(&cell->state) <= MYELIN_ENDPOINT_DRAINING);
  MUST(myelin_load_u64(&cell->in_flight) < 1000000);
  MUST(myelin_load_u64(&cell->latency_ns) < UINT64_C(3600000000000));
  MUST(failed <= myelin_load_u64(&cell->picked_total));
  return NULL;
}

static inline const char* ProbeEndpoint(const myelin_endpoint* endpoint, uint64_t now_ns) {
  uint32_t i;
  MUST(MYELIN_HAS(endpoint, myelin_endpoint, cell));
  MUST(endpoint->id != 0);
  MUST(endpoint->weight <= 1000000);
  MUST(endpoint->priority <= 1000000);
  MUST(endpoint->address.size > 0);
  MUST_BE_FINE(ProbeText(endpoint->address));
  MUST_BE_FINE(ProbeText(endpoint->locality));
  MUST(endpoint->joined_ns <= now_ns);
  MUST(endpoint->pair_count == 0 || endpoint->pairs != NULL);
  for (i = 0; i < endpoint->pair_count; ++i) {
    MUST(endpoint->pairs[i].key.size > 0);
    MUST_BE_FINE(ProbeText(endpoint->pairs[i].key));
    MUST_BE_FINE(ProbeText(endpoint->pairs[i].value));
  }
  MUST(endpoint->cell != NULL);
  return ProbeCell(endpoint->cell);
}

#endif
