// SPDX-License-Identifier: Apache-2.0
//
// Holds the ABI still, as C++17 sees it: this file compiles, or a released struct or constant has changed.
#include <cstddef>
#include <type_traits>

#include <myelin/myelin.h>

#define SIZE(type, bytes)                 \
  static_assert(sizeof(type) == (bytes)); \
  static_assert(std::is_standard_layout_v<type> && std::is_trivial_v<type>);
#define FIELD(type, field, offset, bytes)           \
  static_assert(offsetof(type, field) == (offset)); \
  static_assert(sizeof(type::field) == (bytes));
#define VALUE(name, number) static_assert((name) == (number));

#include "constants_v1.inc"
#include "layout_v1.inc"

static_assert(alignof(myelin_endpoint_cell) == 64);
