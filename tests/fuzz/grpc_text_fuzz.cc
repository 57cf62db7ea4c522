// SPDX-License-Identifier: Apache-2.0
//
// What gRPC writes as text in headers: a timeout read and written again is never longer, a message encoded and decoded
// is the same, and everything else has an answer.
#include <nghttp2/nghttp2.h>

#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "pump/frame/grpc_text.h"

namespace myelin::frame::fuzz {
namespace {

void CheckTimeout(std::string_view text) {
  const auto timeout = ParseTimeout(text);
  if (!timeout) return;
  Require(text.size() >= 2 && text.size() <= 9, "a timeout of at most eight digits");
  Require(*timeout <= UINT64_MAX / 4, "a timeout that can be added to the time");
  const auto again = ParseTimeout(FormatTimeout(*timeout));
  Require(again.has_value(), "a timeout that can be read again");
  Require(*again <= std::max<uint64_t>(*timeout, 1), "a timeout that is no longer than it was");
  Require(*again >= *timeout - *timeout / 1000, "a timeout that is about as long as it was");
}

std::string Decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    Require(text[i] >= 0x20 && text[i] <= 0x7e, "printable bytes");
    if (text[i] == '%') {
      decoded += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace
}  // namespace myelin::frame::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace myelin::frame;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::CheckTimeout(text);
  fuzz::Require(fuzz::Decoded(PercentEncode(text)) == text, "the message that was encoded");
  const bool is_grpc = IsGrpcContent(text);
  fuzz::Require(!is_grpc || text.starts_with("application/grpc"), "gRPC's content type");
  fuzz::Require(StatusOfHttp(text) <= 16, "a status of gRPC's");
  ParseStatus(text);
  return 0;
}
