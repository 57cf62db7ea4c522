/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of every type, and what the getters must answer for them. The user gives `name: probe`, and may give
 * `extra: {inner: [1, two]}`.
 */
#ifndef MYELIN_TESTS_ABI_PROBE_OPTIONS_H
#define MYELIN_TESTS_ABI_PROBE_OPTIONS_H

#include "probe.h"

#define PROBE_OPTION(option_type, option_name, value)                                                           \
  .struct_size = sizeof(myelin_option), .type = (option_type), .name = (option_name), .default_value = (value), \
  .doc = "Probed."

static const myelin_option kProbeFields[] = {
    {PROBE_OPTION(MYELIN_OPTION_INTEGER, "low", "5")},
};

static const myelin_option kProbeOptions[] = {
    {PROBE_OPTION(MYELIN_OPTION_STRING, "name", NULL), .flags = MYELIN_OPTION_REQUIRED},
    {PROBE_OPTION(MYELIN_OPTION_BOOL, "on", "true")},
    {PROBE_OPTION(MYELIN_OPTION_INTEGER, "count", "-7"), .minimum = "-10", .maximum = "10"},
    {PROBE_OPTION(MYELIN_OPTION_NUMBER, "ratio", "0.25")},
    {PROBE_OPTION(MYELIN_OPTION_DURATION, "wait", "250ms")},
    {PROBE_OPTION(MYELIN_OPTION_SIZE, "room", "64KiB")},
    {PROBE_OPTION(MYELIN_OPTION_CHOICE, "mode", "one"), .choices = "one|two"},
    {PROBE_OPTION(MYELIN_OPTION_STRING, "words", "a, b"), .flags = MYELIN_OPTION_LIST},
    {PROBE_OPTION(MYELIN_OPTION_MAP, "range", "{}"), .fields = kProbeFields, .field_count = 1,
     .field_stride = sizeof(myelin_option)},
    {PROBE_OPTION(MYELIN_OPTION_ANY, "extra", NULL)},
};

static inline const char* ProbeScalars(const myelin_options* options) {
  const myelin_node* root = options->root;
  int64_t integer = 0;
  double number = 0;
  myelin_string text = {NULL, 0};
  MUST(options->get_string(root, "name", &text) == MYELIN_OK && ProbeIs(text, "probe"));
  MUST(options->get_integer(root, "on", &integer) == MYELIN_OK && integer == 1);
  MUST(options->get_integer(root, "count", &integer) == MYELIN_OK && integer == -7);
  MUST(options->get_number(root, "ratio", &number) == MYELIN_OK && number > 0.24 && number < 0.26);
  MUST(options->get_number(root, "count", &number) == MYELIN_OK && number < -6.9);
  MUST(options->get_integer(root, "wait", &integer) == MYELIN_OK && integer == 250000000);
  MUST(options->get_integer(root, "room", &integer) == MYELIN_OK && integer == 65536);
  MUST(options->get_string(root, "mode", &text) == MYELIN_OK && ProbeIs(text, "one"));
  MUST(options->get_integer(root, "name", &integer) == MYELIN_ERROR_TYPE && integer == 65536);
  MUST(options->get_integer(root, "nothing", &integer) == MYELIN_ERROR_NOT_FOUND && integer == 65536);
  return NULL;
}

static inline const char* ProbeNodes(const myelin_options* options) {
  const myelin_node* words = options->get_node(options->root, "words");
  const myelin_node* range = options->get_node(options->root, "range");
  myelin_string text = {NULL, 0};
  int64_t low = 0;
  MUST(options->kind(options->root) == MYELIN_NODE_MAP);
  MUST(options->kind(NULL) == MYELIN_NODE_NULL);
  MUST(options->kind(words) == MYELIN_NODE_LIST && options->count(words) == 2);
  MUST(options->kind(options->at(words, 1)) == MYELIN_NODE_SCALAR);
  MUST(options->scalar(options->at(words, 1), &text) == MYELIN_OK && ProbeIs(text, "b"));
  MUST(options->at(words, 2) == NULL);
  MUST(options->kind(range) == MYELIN_NODE_MAP);
  MUST(options->get_integer(range, "low", &low) == MYELIN_OK && low == 5);
  return NULL;
}

static inline const char* ProbeExtra(const myelin_options* options) {
  const myelin_node* extra = options->get_node(options->root, "extra");
  const myelin_node* inner;
  myelin_string text = {NULL, 0};
  if (extra == NULL) return NULL;
  MUST(options->kind(extra) == MYELIN_NODE_MAP && options->count(extra) == 1);
  MUST(options->key_at(extra, 0, &text) == MYELIN_OK && ProbeIs(text, "inner"));
  inner = options->at(extra, 0);
  MUST(options->kind(inner) == MYELIN_NODE_LIST && options->count(inner) == 2);
  MUST(options->scalar(options->at(inner, 1), &text) == MYELIN_OK && ProbeIs(text, "two"));
  MUST(options->origin(inner, &text) == MYELIN_OK && text.size > 0);
  return NULL;
}

static inline const char* ProbeOptions(const myelin_options* options) {
  MUST(MYELIN_HAS(options, myelin_options, origin));
  MUST_BE_FINE(ProbeScalars(options));
  MUST_BE_FINE(ProbeNodes(options));
  MUST_BE_FINE(ProbeExtra(options));
  return NULL;
}

/* The `create` of all probes. */
static inline int32_t ProbeCreate(const myelin_host* host, const myelin_options* options, void** instance,
                                  myelin_error* error) {
  Probe* made = calloc(1, sizeof(Probe));
  const char* fault;
  if (made == NULL) return MYELIN_ERROR_NO_MEMORY;
  made->host = host;
  fault = ProbeOptions(options);
  if (fault == NULL) fault = ProbeHost(made);
  if (fault != NULL) free(made);
  if (fault == NULL) *instance = made;
  return ProbeAnswer(fault, error);
}

/* The rest of a probe: its row and entry. `id` and `table` are of its interface. */
#define PROBE_PLUGIN(id, policy_name, table)                            \
  static const myelin_policy kPolicy = {                                \
      .struct_size = sizeof(myelin_policy),                             \
      .option_count = sizeof(kProbeOptions) / sizeof(kProbeOptions[0]), \
      .interface_id = (id),                                             \
      .name = (policy_name),                                            \
      .doc = "Checks what the host shows it.",                          \
      .options = kProbeOptions,                                         \
      .functions = &(table),                                            \
      .option_stride = sizeof(myelin_option),                           \
  };                                                                    \
  static const myelin_plugin kPlugin = {                                \
      .magic = MYELIN_MAGIC,                                            \
      .struct_size = sizeof(myelin_plugin),                             \
      .abi_major = MYELIN_ABI_MAJOR,                                    \
      .abi_minor = MYELIN_ABI_MINOR,                                    \
      .abi_minor_needed = 0,                                            \
      .name = (policy_name),                                            \
      .version = "1.0.0",                                               \
      .vendor = "Myelin tests",                                         \
      .license = "Apache-2.0",                                          \
      .policies = &kPolicy,                                             \
      .policy_count = 1,                                                \
      .policy_stride = sizeof(myelin_policy),                           \
  };                                                                    \
  const myelin_plugin* myelin_plugin_v1(void) { return &kPlugin; }

#endif
