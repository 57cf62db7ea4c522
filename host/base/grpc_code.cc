// SPDX-License-Identifier: Apache-2.0
//
// The table behind GrpcCodeName.
#include "base/grpc_code.h"

#include <array>

namespace myelin {
namespace {

constexpr std::array<std::string_view, 17> kNames{
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

}  // namespace

std::string_view GrpcCodeName(uint64_t code) { return code < kNames.size() ? kNames[code] : "UNKNOWN_CODE"; }

}  // namespace myelin
