// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/grpc_text.h"

#include <myelin/status.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace myelin::frame {
namespace {

constexpr std::pair<char, uint64_t> kUnits[] = {
    {'n', 1}, {'u', 1'000}, {'m', 1'000'000}, {'S', 1'000'000'000}, {'M', 60'000'000'000}, {'H', 3'600'000'000'000}};
constexpr uint64_t kMostDigits = 99'999'999;
constexpr uint64_t kLongestNs = uint64_t{1} << 61;  // 73 years, for 99999999H are more than 64 bits hold

}  // namespace

std::optional<uint64_t> ParseTimeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  uint64_t count = 0;
  const char* unit = text.data() + text.size() - 1;
  if (const auto parsed = std::from_chars(text.data(), unit, count); parsed.ec != std::errc() || parsed.ptr != unit) {
    return std::nullopt;
  }
  for (const auto& [letter, ns] : kUnits) {
    if (letter == *unit) return std::min(count, kLongestNs / ns) * ns;
  }
  return std::nullopt;
}

std::string FormatTimeout(uint64_t ns) {
  for (const auto& [letter, unit_ns] : kUnits) {
    if (ns / unit_ns <= kMostDigits) return std::to_string(std::max<uint64_t>(ns / unit_ns, 1)) + letter;
  }
  return std::to_string(kMostDigits) + 'H';
}

std::string PercentEncode(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7e && c != '%') {
      encoded += c;
    } else {
      encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return encoded;
}

bool IsGrpcContent(std::string_view content_type) {
  constexpr std::string_view kGrpc = "application/grpc";
  if (!content_type.starts_with(kGrpc)) return false;
  return content_type.size() == kGrpc.size() || content_type[kGrpc.size()] == '+' || content_type[kGrpc.size()] == ';';
}

uint32_t StatusOfReset(uint32_t error_code) {
  switch (error_code) {
    case NGHTTP2_REFUSED_STREAM:
      return MYELIN_GRPC_UNAVAILABLE;
    case NGHTTP2_CANCEL:
      return MYELIN_GRPC_CANCELLED;
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return MYELIN_GRPC_RESOURCE_EXHAUSTED;
    case NGHTTP2_INADEQUATE_SECURITY:
      return MYELIN_GRPC_PERMISSION_DENIED;
    default:
      return MYELIN_GRPC_INTERNAL;
  }
}

uint32_t StatusOfHttp(std::string_view http_status) {
  if (http_status == "400") return MYELIN_GRPC_INTERNAL;
  if (http_status == "401") return MYELIN_GRPC_UNAUTHENTICATED;
  if (http_status == "403") return MYELIN_GRPC_PERMISSION_DENIED;
  if (http_status == "404") return MYELIN_GRPC_UNIMPLEMENTED;
  if (http_status == "429" || http_status == "502" || http_status == "503" || http_status == "504") {
    return MYELIN_GRPC_UNAVAILABLE;
  }
  return MYELIN_GRPC_UNKNOWN;
}

uint32_t ParseStatus(std::string_view grpc_status) {
  uint32_t status = 0;
  const char* end = grpc_status.data() + grpc_status.size();
  const auto parsed = std::from_chars(grpc_status.data(), end, status);
  return parsed.ec == std::errc() && parsed.ptr == end ? status : MYELIN_GRPC_UNKNOWN;
}

}  // namespace myelin::frame
