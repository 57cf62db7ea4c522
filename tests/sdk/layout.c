/* SPDX-License-Identifier: Apache-2.0 */
/* Holds the ABI still, as C11 sees it: this file compiles, or a released struct or constant has changed. */
#include <myelin/myelin.h>
#include <stddef.h>

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type);
#define FIELD(type, field, offset, bytes)                              \
  _Static_assert(offsetof(type, field) == (offset), #type "." #field); \
  _Static_assert(sizeof(((type*)0)->field) == (bytes), #type "." #field);
#define VALUE(name, number) _Static_assert((name) == (number), #name);

#include "constants_v1.inc"
#include "layout_v1.inc"

_Static_assert(_Alignof(myelin_endpoint_cell) == 64, "a cell has a cache line of its own");
