// SPDX-License-Identifier: Apache-2.0
//
// Follows what the pump sends to one peer, and requires that it is HTTP/2 whatever the other side did: whole frames of
// a legal size, blocks that HPACK can decode, names and values without a hostile byte, nothing after a stream's end.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

namespace myelin::frame::fuzz {

class OutputCheck {
 public:
  /// `is_client`: what a server sends to it is checked; else what a client sends, the preface first.
  explicit OutputCheck(bool is_client);
  ~OutputCheck();
  OutputCheck(const OutputCheck&) = delete;
  OutputCheck& operator=(const OutputCheck&) = delete;

  void Take(const uint8_t* bytes, size_t size);

 private:
  struct Frame {
    uint8_t type;
    uint8_t flags;
    int32_t stream_id;
    const uint8_t* payload;
    size_t size;
  };
  void TakeFrame(const Frame& frame);
  void Inflate(const Frame& frame);
  void CheckField(const nghttp2_nv& field) const;

  const bool is_client_;
  std::string pending_;
  nghttp2_hd_inflater* inflater_ = nullptr;
  int32_t block_of_ = 0;  // the stream whose header block is not at its end; 0: none
  bool block_ends_stream_ = false;
  bool regular_seen_ = false;  // in this block
  std::set<int32_t> ended_;
};

}  // namespace myelin::frame::fuzz
