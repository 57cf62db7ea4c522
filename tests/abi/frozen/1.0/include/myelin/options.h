/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options: a policy declares them in a static table; the host checks the user's YAML against it before any code of
 * the plugin runs, fills in defaults, and prints it as documentation (`myelin plugins describe`). Values reach
 * `create` through typed getters. Everything a myelin_options shows is valid only until `create` returns.
 */
#ifndef MYELIN_OPTIONS_H
#define MYELIN_OPTIONS_H

#include <myelin/types.h>

#define MYELIN_OPTION_BOOL 1u    /* true, false */
#define MYELIN_OPTION_INTEGER 2u /* 64-bit signed */
#define MYELIN_OPTION_NUMBER 3u  /* double */
#define MYELIN_OPTION_STRING 4u
#define MYELIN_OPTION_DURATION 5u /* 10s, 1h30m; read as integer nanoseconds, at least 0 */
#define MYELIN_OPTION_SIZE 6u     /* 64KiB; read as integer bytes */
#define MYELIN_OPTION_CHOICE 7u   /* one word of `choices`; read as a string */
#define MYELIN_OPTION_MAP 8u      /* a map with the keys of `fields` */
#define MYELIN_OPTION_ANY 9u      /* anything; the policy checks it itself, through nodes */

#define MYELIN_OPTION_REQUIRED 1u /* flag: must be given; there is no default */
#define MYELIN_OPTION_LIST 2u     /* flag: a list of values of `type`; a single value counts as a list of one */

/* One option. A static, constant row of a table. */
typedef struct myelin_option {
  uint32_t struct_size;
  uint32_t type; /* MYELIN_OPTION_… */
  uint32_t flags;
  uint32_t field_count;      /* MYELIN_OPTION_MAP: rows of `fields` */
  const char* name;          /* lower case, words joined by '_' */
  const char* default_value; /* as a user would write it; NULL: none, the getters answer NOT_FOUND */
  const char* minimum;       /* inclusive, as a user would write it; NULL: unbounded */
  const char* maximum;
  const char* choices;                /* MYELIN_OPTION_CHOICE: "reject|delay" */
  const char* doc;                    /* a sentence with the unit and what it does */
  const struct myelin_option* fields; /* MYELIN_OPTION_MAP: the keys it takes; NULL: any keys, scalar values */
  uint32_t field_stride;              /* sizeof(myelin_option) as the plugin was built */
  uint32_t reserved;
} myelin_option;

/* A value in the user's configuration. Opaque; read through the functions of myelin_options. */
typedef struct myelin_node myelin_node;

#define MYELIN_NODE_NULL 0u
#define MYELIN_NODE_SCALAR 1u
#define MYELIN_NODE_LIST 2u
#define MYELIN_NODE_MAP 3u

/*
 * The user's options, checked and with defaults filled in. All functions are [control].
 * A getter answers MYELIN_OK, MYELIN_ERROR_NOT_FOUND (not given, no default) or MYELIN_ERROR_TYPE, and then leaves
 * `out` alone. `map` is `root`, or a node of kind MAP below it.
 */
typedef struct myelin_options {
  uint32_t struct_size;
  uint32_t reserved;
  const myelin_node* root;

  /* BOOL (0 or 1), INTEGER, DURATION (nanoseconds), SIZE (bytes). */
  int32_t (*get_integer)(const myelin_node* map, const char* name, int64_t* out);
  /* NUMBER, and whatever get_integer reads. */
  int32_t (*get_number)(const myelin_node* map, const char* name, double* out);
  /* STRING, CHOICE, and any other scalar as written. */
  int32_t (*get_string)(const myelin_node* map, const char* name, myelin_string* out);

  /* The value under `name` of a map, or NULL. */
  const myelin_node* (*get_node)(const myelin_node* map, const char* name);
  /* MYELIN_NODE_…; NULL is MYELIN_NODE_NULL. */
  uint32_t (*kind)(const myelin_node* node);
  /* How many items a list or entries a map has; 0 for the rest. */
  uint64_t (*count)(const myelin_node* node);
  /* Item or entry's value at `index`, or NULL beyond the end. */
  const myelin_node* (*at)(const myelin_node* node, uint64_t index);
  /* The key of a map's entry at `index`. */
  int32_t (*key_at)(const myelin_node* map, uint64_t index, myelin_string* out);
  /* The text of a scalar. */
  int32_t (*scalar)(const myelin_node* node, myelin_string* out);
  /* "orders.yaml:12:7", for an error message about this value. */
  int32_t (*origin)(const myelin_node* node, myelin_string* out);
} myelin_options;

#endif
