// SPDX-License-Identifier: Apache-2.0
//
// A client's bytes are judged the same however they are cut. The first byte says in what pieces.
#include "pump/frame/frame_rules.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/require.h"

namespace {

using myelin::frame::FrameRules;

struct Finding {
  size_t at;
  uint32_t error_code;
  int32_t stream_id;
  bool operator==(const Finding&) const = default;
};

std::vector<Finding> Judge(const std::string& bytes, size_t step) {
  FrameRules rules;
  std::vector<Finding> findings;
  for (size_t at = 0; at < bytes.size();) {
    const size_t part = std::min(step, bytes.size() - at);
    const auto verdict = rules.Check(reinterpret_cast<const uint8_t*>(bytes.data()) + at, part);
    const bool fine = verdict.error_code == NGHTTP2_NO_ERROR;
    myelin::frame::fuzz::Require(verdict.taken > 0 && verdict.taken <= part, "progress");
    myelin::frame::fuzz::Require(!fine || verdict.taken == part, "all bytes taken");
    at += verdict.taken;
    if (!fine) findings.push_back({at, verdict.error_code, verdict.stream_id});
  }
  return findings;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string bytes = NGHTTP2_CLIENT_MAGIC + std::string(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool same = Judge(bytes, bytes.size()) == Judge(bytes, size_t{data[0]} + 1);
  myelin::frame::fuzz::Require(same, "the same findings in whatever pieces");
  return 0;
}
