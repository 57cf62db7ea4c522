// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/frame_rules.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace myelin::frame {
namespace {

constexpr FrameRules::Verdict kFine{0, NGHTTP2_NO_ERROR, 0};

FrameRules::Verdict ConnectionError(uint32_t error_code) { return {0, error_code, 0}; }

uint32_t Number(const uint8_t* bytes, size_t size) {
  uint32_t number = 0;
  for (size_t i = 0; i < size; ++i) number = number << 8 | bytes[i];
  return number;
}

int32_t StreamId(const uint8_t* bytes) { return static_cast<int32_t>(Number(bytes, 4) & 0x7fffffff); }

}  // namespace

FrameRules::Verdict FrameRules::Check(const uint8_t* bytes, size_t size) {
  size_t at = 0;
  while (at < size) {
    if (skip_ > 0) {
      const size_t part = std::min(skip_, size - at);
      skip_ -= part;
      at += part;
      continue;
    }
    at += Collect(bytes + at, size - at);
    if (collected_ < wanted_) continue;
    const bool has_dependency = header_[3] == NGHTTP2_PRIORITY && Number(header_.data(), 3) >= kDependency;
    if (has_dependency && collected_ == kFrameHeader) {
      wanted_ = header_.size();
      continue;
    }
    Verdict verdict = Judge();
    if (verdict.error_code == NGHTTP2_NO_ERROR) continue;
    verdict.taken = at;
    return verdict;
  }
  return {size, NGHTTP2_NO_ERROR, 0};
}

size_t FrameRules::Collect(const uint8_t* bytes, size_t size) {
  const size_t part = std::min(size, wanted_ - collected_);
  std::copy_n(bytes, part, header_.begin() + static_cast<std::ptrdiff_t>(collected_));
  collected_ += part;
  return part;
}

FrameRules::Verdict FrameRules::Judge() {
  skip_ = Number(header_.data(), 3) - (collected_ - kFrameHeader);
  collected_ = 0;
  wanted_ = kFrameHeader;
  const uint8_t type = header_[3];
  const int32_t stream_id = StreamId(&header_[5]);
  if (type == NGHTTP2_PRIORITY) return JudgePriority(stream_id);
  const bool of_a_stream = type == NGHTTP2_DATA || type == NGHTTP2_HEADERS || type == NGHTTP2_RST_STREAM;
  return of_a_stream && stream_id != 0 ? JudgeStream(type, stream_id) : kFine;
}

FrameRules::Verdict FrameRules::JudgePriority(int32_t stream_id) const {
  const bool whole = Number(header_.data(), 3) >= kDependency;
  const bool on_itself = whole && StreamId(&header_[kFrameHeader]) == stream_id;
  return stream_id == 0 || on_itself ? ConnectionError(NGHTTP2_PROTOCOL_ERROR) : kFine;
}

FrameRules::Verdict FrameRules::JudgeStream(uint8_t type, int32_t stream_id) {
  const bool opens = type == NGHTTP2_HEADERS && stream_id > last_opened_;
  if (opens) {
    if (stream_id - 2 > last_opened_) skipped_[next_skipped_++ % skipped_.size()] = {last_opened_ + 1, stream_id - 1};
    last_opened_ = stream_id;
  } else if (const Closed* closed = FindClosed(stream_id); closed != nullptr && type != NGHTTP2_RST_STREAM) {
    return {0, NGHTTP2_STREAM_CLOSED, closed->reset ? stream_id : 0};
  } else if (type == NGHTTP2_HEADERS && IsSkipped(stream_id)) {
    return ConnectionError(NGHTTP2_PROTOCOL_ERROR);
  }
  const bool reset = type == NGHTTP2_RST_STREAM;
  const bool ends = reset || (header_[4] & NGHTTP2_FLAG_END_STREAM) != 0;
  if (ends && stream_id <= last_opened_) Remember(stream_id, reset);
  return kFine;
}

bool FrameRules::IsSkipped(int32_t stream_id) const {
  return std::any_of(skipped_.begin(), skipped_.end(),
                     [stream_id](const Range& range) { return range.first <= stream_id && stream_id <= range.last; });
}

const FrameRules::Closed* FrameRules::FindClosed(int32_t stream_id) const {
  const auto found = std::find_if(closed_.begin(), closed_.end(),
                                  [stream_id](const Closed& closed) { return closed.stream_id == stream_id; });
  return found == closed_.end() ? nullptr : &*found;
}

void FrameRules::Remember(int32_t stream_id, bool reset) {
  if (FindClosed(stream_id) != nullptr) return;
  closed_[next_closed_++ % closed_.size()] = {stream_id, reset};
}

}  // namespace myelin::frame
