/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A limiter in C with an option: turns every call away with the user's message. One instance, read by all workers and
 * written by none after `create`.
 */
#include <myelin/myelin.h>
#include <stdlib.h>
#include <string.h>

typedef struct Maintenance {
  uint64_t size;
  char message[];
} Maintenance;

static int32_t Create(const myelin_host* host, const myelin_options* options, void** instance, myelin_error* error) {
  (void)host, (void)error;
  myelin_string message;
  int32_t code = options->get_string(options->root, "message", &message);
  if (code != MYELIN_OK) return code;
  Maintenance* made = malloc(sizeof(Maintenance) + message.size);
  if (made == NULL) return MYELIN_ERROR_NO_MEMORY;
  made->size = message.size;
  if (message.size > 0) memcpy(made->message, message.data, message.size);
  *instance = made;
  return MYELIN_OK;
}

static uint32_t Admit(void* shard, const myelin_call* call, myelin_admit* out) {
  (void)call;
  const Maintenance* maintenance = shard;
  out->status = MYELIN_GRPC_UNAVAILABLE;
  out->message.data = maintenance->message;
  out->message.size = maintenance->size;
  return MYELIN_ADMIT_REJECT;
}

static const myelin_limiter kLimiter = {
    .struct_size = sizeof(myelin_limiter), .create = Create, .destroy = free, .admit = Admit};

static const myelin_option kOptions[] = {{
    .struct_size = sizeof(myelin_option),
    .type = MYELIN_OPTION_STRING,
    .name = "message",
    .default_value = "closed for maintenance",
    .doc = "What callers are told.",
}};

static const myelin_policy kPolicy = {
    .struct_size = sizeof(myelin_policy),
    .option_count = 1,
    .interface_id = MYELIN_LIMITER_1,
    .name = "maintenance_c",
    .doc = "Turns every call away with UNAVAILABLE.",
    .options = kOptions,
    .functions = &kLimiter,
    .option_stride = sizeof(myelin_option),
};

static const myelin_plugin kPlugin = {
    .magic = MYELIN_MAGIC,
    .struct_size = sizeof(myelin_plugin),
    .abi_major = MYELIN_ABI_MAJOR,
    .abi_minor = MYELIN_ABI_MINOR,
    .name = "maintenance_c",
    .version = "1.0.0",
    .vendor = "example",
    .policies = &kPolicy,
    .policy_count = 1,
    .policy_stride = sizeof(myelin_policy),
};

const myelin_plugin* myelin_plugin_v1(void) { return &kPlugin; }
