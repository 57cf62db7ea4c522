// SPDX-License-Identifier: Apache-2.0
//
// Which statuses speak against whoever served a call, and not against who made it.
#pragma once

#include <myelin/status.h>

#include <cstdint>

namespace myelin {

inline bool CountsAsFailure(uint32_t grpc_status) {
  return grpc_status == MYELIN_GRPC_UNAVAILABLE || grpc_status == MYELIN_GRPC_INTERNAL ||
         grpc_status == MYELIN_GRPC_UNKNOWN || grpc_status == MYELIN_GRPC_DEADLINE_EXCEEDED;
}

}  // namespace myelin
