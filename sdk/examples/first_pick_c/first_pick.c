/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest balancer in C: any endpoint, with equal chances. It has no state, so one NULL instance serves all
 * workers.
 */
#include <myelin/myelin.h>
#include <stddef.h>

static int32_t Create(const myelin_host* host, const myelin_options* options, void** instance, myelin_error* error) {
  (void)host, (void)options, (void)error;
  *instance = NULL;
  return MYELIN_OK;
}

static uint32_t Pick(void* shard, const myelin_snapshot* snapshot, const myelin_call* call, myelin_pick* out) {
  (void)shard;
  out->index = (uint32_t)(call->random % snapshot->endpoint_count);
  return MYELIN_PICK;
}

static const myelin_balancer kBalancer = {.struct_size = sizeof(myelin_balancer), .create = Create, .pick = Pick};

static const myelin_policy kPolicy = {
    .struct_size = sizeof(myelin_policy),
    .interface_id = MYELIN_BALANCER_1,
    .name = "first_pick_c",
    .doc = "Any endpoint, with equal chances.",
    .functions = &kBalancer,
};

static const myelin_plugin kPlugin = {
    .magic = MYELIN_MAGIC,
    .struct_size = sizeof(myelin_plugin),
    .abi_major = MYELIN_ABI_MAJOR,
    .abi_minor = MYELIN_ABI_MINOR,
    .name = "first_pick_c",
    .version = "1.0.0",
    .vendor = "example",
    .policies = &kPolicy,
    .policy_count = 1,
    .policy_stride = sizeof(myelin_policy),
};

const myelin_plugin* myelin_plugin_v1(void) { return &kPlugin; }
