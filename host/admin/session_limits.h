// SPDX-License-Identifier: Apache-2.0
//
// What one client of the admin listener may take. It serves people and scrapers; the limits keep anyone else from
// filling it. A plain value.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/units.h"

namespace myelin {

struct AdminLimits {
  uint32_t header_bytes = 8 << 10;
  uint64_t body_bytes = 64 << 10;
  Duration timeout{std::chrono::seconds(10)};  // for a whole request to come, and for an answer to be taken
  size_t connections = 64;                     // one more closes the one that came first and runs no command
};

}  // namespace myelin
