/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the probes share: plugins that use every field of the ABI and believe none of them. A check answers NULL, or the
 * condition that does not hold. A hook then answers a verdict that does not exist, which a host counts as a strike; the
 * metric `probe_faults` counts too, and the last condition is logged at the end. The sources are copied with each
 * frozen SDK, so they check later hosts as well.
 */
#ifndef MYELIN_TESTS_ABI_PROBE_H
#define MYELIN_TESTS_ABI_PROBE_H

#include <myelin/myelin.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_KEY "x-abi-probe" /* its value names the policy that is to fail the call */
#define PROBE_NO_VERDICT UINT32_MAX
#define PROBE_SAVED UINT64_C(0x6e656b61742d6261)

#define MUST(condition)                  \
  do {                                   \
    if (!(condition)) return #condition; \
  } while (0)
/* What a stride must be at least: how far a struct reached in 1.0, since an older host's may be shorter than sizeof. */
#define PROBE_REACH(type, field) (offsetof(type, field) + sizeof(((type*)0)->field))
#define MUST_BE_FINE(check)              \
  do {                                   \
    const char* probe_fault = (check);   \
    if (probe_fault) return probe_fault; \
  } while (0)

/* One instance; written on the control thread only, but for the cells and `last_fault`. */
typedef struct Probe {
  const myelin_host* host;
  uint64_t* checks;
  uint64_t* faults;
  const char* last_fault;
  uint32_t slot; /* of PROBE_KEY */
  uint64_t timer;
  uint64_t fired;
  uint64_t seen_version;
} Probe;

/* One shard; its worker's alone. */
typedef struct ProbeShard {
  Probe* probe;
  uint64_t last_random;
  uint64_t given;   /* tokens handed out, 1 … given */
  uint64_t settled; /* results heard of */
} ProbeShard;

static inline int ProbeIs(myelin_string text, const char* expected) {
  return text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0;
}

static inline void ProbeSay(myelin_string* message, const char* text) {
  message->data = text;
  message->size = strlen(text);
}

static inline const char* ProbeText(myelin_string text) {
  MUST(text.size < 65536);
  MUST(text.size == 0 || text.data != NULL);
  return NULL;
}

/* Counts a check and what came of it; answers `fault` again. [any] */
static inline const char* ProbeCount(Probe* probe, const char* fault) {
  myelin_count(probe->checks, 1);
  if (fault == NULL) return NULL;
  myelin_count(probe->faults, 1);
  __atomic_store_n(&probe->last_fault, fault, __ATOMIC_RELAXED);
  return fault;
}

static inline void ProbeFire(void* argument) {
  Probe* probe = argument;
  probe->fired += 1;
}

static inline const char* ProbeMetrics(Probe* probe) {
  const myelin_host* host = probe->host;
  MUST(host->add_metric(host->context, MYELIN_METRIC_COUNTER, "probe_checks", "Checks made.", &probe->checks) == 0);
  MUST(host->add_metric(host->context, MYELIN_METRIC_GAUGE, "probe_faults", "Checks failed.", &probe->faults) == 0);
  MUST(probe->checks != NULL && probe->faults != NULL && probe->checks != probe->faults);
  return NULL;
}

static inline const char* ProbeHost(Probe* probe) {
  const myelin_host* host = probe->host;
  uint32_t again = UINT32_MAX;
  const uint64_t before = host->now_ns(host->context);
  MUST(MYELIN_HAS(host, myelin_host, add_metric));
  MUST(host->abi_minor < 1000);
  MUST(host->proxy.size > 0);
  MUST_BE_FINE(ProbeText(host->proxy));
  MUST(host->worker_count >= 1);
  MUST(before > 0 && before <= host->now_ns(host->context));
  MUST(host->want_metadata(host->context, PROBE_KEY, strlen(PROBE_KEY), &probe->slot) == MYELIN_OK);
  MUST(host->want_metadata(host->context, PROBE_KEY, strlen(PROBE_KEY), &again) == MYELIN_OK);
  MUST(probe->slot == again);
  host->log(host->context, MYELIN_LOG_INFO, "the probe speaks", 16);
  MUST_BE_FINE(ProbeMetrics(probe));
  MUST(host->start_timer(host->context, 10 * UINT64_C(1000000), ProbeFire, probe, &probe->timer) == MYELIN_OK);
  return NULL;
}

/* `fault` as the answer of a [control] function. */
static inline int32_t ProbeAnswer(const char* fault, myelin_error* error) {
  if (fault == NULL) return MYELIN_OK;
  if (!MYELIN_HAS(error, myelin_error, size)) return MYELIN_ERROR_UNSUPPORTED;
  error->size = strlen(fault) < error->capacity ? strlen(fault) : error->capacity;
  memcpy(error->message, fault, (size_t)error->size);
  return MYELIN_ERROR_INTERNAL;
}

static inline void ProbeDestroy(void* instance) {
  Probe* probe = instance;
  probe->host->stop_timer(probe->host->context, probe->timer);
  if (probe->last_fault != NULL) {
    probe->host->log(probe->host->context, MYELIN_LOG_ERROR, probe->last_fault, strlen(probe->last_fault));
  }
  free(probe);
}

static inline int32_t ProbeCreateShard(void* instance, uint32_t worker, void** shard, myelin_error* error) {
  ProbeShard* made = calloc(1, sizeof(ProbeShard));
  if (made == NULL) return MYELIN_ERROR_NO_MEMORY;
  made->probe = instance;
  *shard = made;
  return ProbeAnswer(worker < 4096 ? NULL : "worker < 4096", error);
}

static inline void ProbeDestroyShard(void* instance, void* shard) {
  ProbeShard* made = shard;
  ProbeCount(made->probe, made->probe == instance ? NULL : "shard of another instance");
  free(made);
}

static inline int32_t ProbeSave(void* instance, void* buffer, uint64_t capacity, uint64_t* size) {
  const uint64_t saved = PROBE_SAVED;
  (void)instance;
  *size = sizeof(saved);
  if (capacity < sizeof(saved)) return MYELIN_ERROR_NO_SPACE;
  memcpy(buffer, &saved, sizeof(saved));
  return MYELIN_OK;
}

static inline int32_t ProbeLoad(void* instance, const void* bytes, uint64_t size, myelin_error* error) {
  const uint64_t saved = PROBE_SAVED;
  const int same = size == sizeof(saved) && memcmp(bytes, &saved, sizeof(saved)) == 0;
  return ProbeAnswer(ProbeCount(instance, same ? NULL : "bytes that were saved"), error);
}

#endif
