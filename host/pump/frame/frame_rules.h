// SPDX-License-Identifier: Apache-2.0
//
// What RFC 9113 has a server check and nghttp2 lets pass, mostly because it would have to remember streams that are
// closed (5.1, 5.1.1, 6.3): reads the headers of a client's frames before nghttp2 does. Remembers a bounded number of
// streams; what it has forgotten passes, and nghttp2 ignores it. Belongs to a connection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace myelin::frame {

class FrameRules {
 public:
  struct Verdict {
    size_t taken;         // bytes looked at; all of them, unless a rule is broken
    uint32_t error_code;  // NGHTTP2_NO_ERROR: none is
    int32_t stream_id;    // 0: the error is the connection's
  };

  /// Goes on from where the last call stopped: `bytes` are what came in next. Stops behind the header of the first
  /// frame that breaks a rule; the next call takes what follows.
  Verdict Check(const uint8_t* bytes, size_t size);

 private:
  struct Closed {
    int32_t stream_id;
    bool reset;  // by the client; else it said END_STREAM
  };
  struct Range {
    int32_t first;
    int32_t last;
  };
  static constexpr size_t kFrameHeader = 9;
  static constexpr size_t kDependency = 4;
  static constexpr size_t kPreface = 24;

  size_t Collect(const uint8_t* bytes, size_t size);
  Verdict Judge();
  Verdict JudgePriority(int32_t stream_id) const;
  Verdict JudgeStream(uint8_t type, int32_t stream_id);
  bool IsSkipped(int32_t stream_id) const;
  const Closed* FindClosed(int32_t stream_id) const;
  void Remember(int32_t stream_id, bool reset);

  std::array<uint8_t, kFrameHeader + kDependency> header_{};
  size_t collected_ = 0;          // of header_
  size_t wanted_ = kFrameHeader;  // of header_
  size_t skip_ = kPreface;        // bytes that are no header
  int32_t last_opened_ = -1;
  std::array<Closed, 32> closed_{};  // by the client's word; the oldest is overwritten
  size_t next_closed_ = 0;
  std::array<Range, 8> skipped_{};  // identifiers passed over, which no stream can have any more
  size_t next_skipped_ = 0;
};

}  // namespace myelin::frame
