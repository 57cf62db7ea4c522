// SPDX-License-Identifier: Apache-2.0
//
// Copies a plugin's function tables into the host's own, complete ones: a table from an older SDK is shorter, one from
// a newer is longer, and what a plugin left out becomes a function that does nothing. So compatibility costs nothing
// per call. Pure, control thread.
#pragma once

#include <myelin/myelin.h>

namespace myelin {

/// Copies as much of the table at `functions` as both sides know; the rest is NULL. `struct_size` becomes the host's.
myelin_balancer CopyBalancer(const void* functions);
myelin_pool CopyPool(const void* functions);
myelin_limiter CopyLimiter(const void* functions);

/// Puts a no-op wherever an optional function is NULL, except `save` and `load`, whose absence means something.
void FillGaps(myelin_balancer& table);
void FillGaps(myelin_pool& table);
void FillGaps(myelin_limiter& table);

}  // namespace myelin
