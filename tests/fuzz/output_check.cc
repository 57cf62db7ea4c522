// SPDX-License-Identifier: Apache-2.0
#include "fuzz/output_check.h"

#include <algorithm>
#include <string_view>

#include "fuzz/require.h"

namespace myelin::frame::fuzz {
namespace {

constexpr size_t kHeader = 9;

size_t Number(const char* bytes, size_t size) {
  size_t number = 0;
  for (size_t i = 0; i < size; ++i) number = number << 8 | static_cast<uint8_t>(bytes[i]);
  return number;
}

bool IsConnectionSpecific(std::string_view name) {
  for (std::string_view each : {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}) {
    if (name == each) return true;
  }
  return false;
}

}  // namespace

OutputCheck::OutputCheck(bool is_client) : is_client_(is_client) {
  Require(nghttp2_hd_inflate_new(&inflater_) == 0, "memory");
}

OutputCheck::~OutputCheck() { nghttp2_hd_inflate_del(inflater_); }

void OutputCheck::Take(const uint8_t* bytes, size_t size) {
  pending_.append(reinterpret_cast<const char*>(bytes), size);
  constexpr std::string_view kPreface = NGHTTP2_CLIENT_MAGIC;
  size_t at = 0;
  if (!is_client_ && pending_.starts_with("PRI")) at = std::min(kPreface.size(), pending_.size());
  while (pending_.size() - at >= kHeader) {
    const char* header = pending_.data() + at;
    const size_t length = Number(header, 3);
    Require(length <= (1 << 14) || header[3] == NGHTTP2_DATA, "frames of at most 16 KiB");
    if (pending_.size() - at < kHeader + length) break;
    TakeFrame({static_cast<uint8_t>(header[3]), static_cast<uint8_t>(header[4]),
               static_cast<int32_t>(Number(header + 5, 4) & 0x7fffffff),
               reinterpret_cast<const uint8_t*>(header + kHeader), length});
    at += kHeader + length;
  }
  pending_.erase(0, at);
}

void OutputCheck::TakeFrame(const Frame& frame) {
  Require(frame.type <= NGHTTP2_CONTINUATION, "known types of frames");
  Require(frame.type != NGHTTP2_PUSH_PROMISE, "no promise");
  Require((frame.type == NGHTTP2_CONTINUATION) == (block_of_ != 0), "a header block in one piece");
  Require(block_of_ == 0 || frame.stream_id == block_of_, "a header block on one stream");
  if (frame.type == NGHTTP2_HEADERS || frame.type == NGHTTP2_DATA) {
    Require(frame.stream_id % 2 == 1, "streams of the client's");
    Require(!ended_.contains(frame.stream_id), "nothing after the end of a stream");
  }
  const bool ends = (frame.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame.type == NGHTTP2_RST_STREAM || (frame.type == NGHTTP2_DATA && ends)) ended_.insert(frame.stream_id);
  if (frame.type == NGHTTP2_HEADERS) {
    block_ends_stream_ = ends;
    regular_seen_ = false;
    Require((frame.flags & (NGHTTP2_FLAG_PADDED | NGHTTP2_FLAG_PRIORITY)) == 0, "plain header blocks");
  }
  if (frame.type == NGHTTP2_HEADERS || frame.type == NGHTTP2_CONTINUATION) Inflate(frame);
}

void OutputCheck::Inflate(const Frame& frame) {
  const bool last = (frame.flags & NGHTTP2_FLAG_END_HEADERS) != 0;
  block_of_ = last ? 0 : frame.stream_id;
  const uint8_t* at = frame.payload;
  const uint8_t* end = at + frame.size;
  for (;;) {
    nghttp2_nv field;
    int flags = 0;
    const ssize_t taken = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, at, static_cast<size_t>(end - at), last);
    Require(taken >= 0, "header blocks that HPACK can decode");
    at += taken;
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      CheckField(field);
      regular_seen_ = regular_seen_ || field.name[0] != ':';
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
      nghttp2_hd_inflate_end_headers(inflater_);
      break;
    }
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && at == end) break;
  }
  if (last && block_ends_stream_) ended_.insert(frame.stream_id);
}

void OutputCheck::CheckField(const nghttp2_nv& field) const {
  const std::string_view name(reinterpret_cast<const char*>(field.name), field.namelen);
  Require(nghttp2_check_header_name(field.name, field.namelen) != 0, "names without a hostile byte");
  Require(nghttp2_check_header_value_rfc9113(field.value, field.valuelen) != 0, "values without a hostile byte");
  Require(!IsConnectionSpecific(name), "no field that is the connection's");
  Require(name[0] != ':' || !regular_seen_, "pseudo-headers before all others");
}

}  // namespace myelin::frame::fuzz
