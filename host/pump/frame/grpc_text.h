// SPDX-License-Identifier: Apache-2.0
//
// The parts of gRPC's HTTP/2 protocol (PROTOCOL-HTTP2.md) that are written as text in headers, and what HTTP/2 error
// codes and HTTP statuses mean in it. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace myelin::frame {

/// `20S`, `300m`: at most 8 digits and a unit. nullopt when it is none; decades stand for what is longer.
std::optional<uint64_t> ParseTimeout(std::string_view text);
/// The longest timeout that can be written and is not longer than `ns`; "1n" for 0.
std::string FormatTimeout(uint64_t ns);

/// As grpc-message is sent.
std::string PercentEncode(std::string_view text);

/// Whether this content type is gRPC's: application/grpc, application/grpc+proto, application/grpc;…
bool IsGrpcContent(std::string_view content_type);

/// What a stream's reset means.
uint32_t StatusOfReset(uint32_t error_code);
/// What an answer without grpc-status means (http-grpc-status-mapping.md).
uint32_t StatusOfHttp(std::string_view http_status);
/// grpc-status as a number; UNKNOWN when it is none.
uint32_t ParseStatus(std::string_view grpc_status);

}  // namespace myelin::frame
