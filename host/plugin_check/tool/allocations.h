// SPDX-License-Identifier: Apache-2.0
//
// Counts what each thread allocates, by standing in for malloc. Only for the program: linked into anything else it
// would slow that down.
#pragma once

#include <cstdint>

namespace myelin {

/// How many times this thread has asked for memory so far. Any thread.
uint64_t AllocationsOfThisThread();

}  // namespace myelin
