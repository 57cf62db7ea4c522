/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entry: the one symbol a plugin exports. It answers static constant data, so a plugin can be inspected without
 * running any more of its code.
 */
#ifndef MYELIN_PLUGIN_H
#define MYELIN_PLUGIN_H

#include <myelin/options.h>
#include <myelin/types.h>

/* "MYELIN" in ASCII, least significant byte first. */
#define MYELIN_MAGIC UINT64_C(0x00004e494c45594d)

/* One policy of a plugin. Static and constant. */
typedef struct myelin_policy {
  uint32_t struct_size;
  uint32_t option_count;
  const char* interface_id; /* MYELIN_BALANCER_1, MYELIN_POOL_1 or MYELIN_LIMITER_1 */
  const char* name;         /* as users write it in YAML: lower case, words joined by '_' */
  const char* doc;          /* a sentence for `myelin plugins list` */
  const myelin_option* options;
  const void* functions;  /* a myelin_balancer, myelin_pool or myelin_limiter */
  uint32_t option_stride; /* sizeof(myelin_option) as the plugin was built */
  uint32_t reserved;
} myelin_policy;

typedef struct myelin_plugin {
  uint64_t magic;
  uint32_t struct_size;
  uint32_t abi_major;        /* MYELIN_ABI_MAJOR as the plugin was built */
  uint32_t abi_minor;        /* MYELIN_ABI_MINOR as the plugin was built */
  uint32_t abi_minor_needed; /* the oldest host it works in; 0 for most */
  const char* name;
  const char* version;
  const char* vendor;
  const char* license; /* an SPDX expression, or NULL */
  const myelin_policy* policies;
  uint32_t policy_count;
  uint32_t policy_stride; /* sizeof(myelin_policy) as the plugin was built */
} myelin_plugin;

/* The symbol the host looks up. A later, incompatible ABI has another name. */
#define MYELIN_ENTRY_SYMBOL "myelin_plugin_v1"

/* Define this one function. Pure: no allocation, no thread, no global constructor needed; the answer lives as long as
 * the library is loaded. */
MYELIN_EXPORT const myelin_plugin* myelin_plugin_v1(void);

#endif
