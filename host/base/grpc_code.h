// SPDX-License-Identifier: Apache-2.0
//
// The names of gRPC's status codes, as metrics, logs and pages spell them. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace myelin {

/// "OK", "CANCELLED", … for 0 to 16 (github.com/grpc/grpc, doc/statuscodes.md); "UNKNOWN_CODE" for any other number,
/// which an upstream is free to send.
std::string_view GrpcCodeName(uint64_t code);

}  // namespace myelin
