// SPDX-License-Identifier: Apache-2.0
//
// Whether an answer of a policy is one that the ABI allows. Pure, any thread.
#pragma once

#include <myelin/myelin.h>

#include <string>

namespace myelin {

/// What is wrong with the answer, as the end of "pick …", or "".
std::string FaultOfPick(uint32_t verdict, const myelin_pick& out, const myelin_snapshot& snapshot);
std::string FaultOfAcquire(uint32_t verdict, const myelin_acquire& out, const myelin_pool_view& view);
std::string FaultOfAdmit(uint32_t verdict, const myelin_admit& out);
std::string FaultOfTick(const myelin_tick& tick, const myelin_pool_view& view);

}  // namespace myelin
