// SPDX-License-Identifier: Apache-2.0
//
// A header block as it came: names and values in their order, with their never-index flags. The texts stay where the
// HPACK decoder put them; the block holds references. Belongs to a worker.
#pragma once

#include <nghttp2/nghttp2.h>

#include <boost/container/small_vector.hpp>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "call/call_request.h"

namespace myelin::frame {

class HeaderBlock final : public RequestMetadata {
 public:
  struct Field {
    nghttp2_rcbuf* name_text;
    nghttp2_rcbuf* value_text;
    uint8_t flags;
    std::string_view name;
    std::string_view value;
  };

  HeaderBlock() = default;
  ~HeaderBlock() { Clear(); }
  HeaderBlock(HeaderBlock&& other) noexcept
      : fields_(std::move(other.fields_)),
        bytes_(std::exchange(other.bytes_, 0)),
        too_large_(std::exchange(other.too_large_, false)) {
    other.fields_.clear();
  }
  HeaderBlock& operator=(HeaderBlock&& other) noexcept {
    if (this == &other) return *this;
    Clear();
    fields_ = std::move(other.fields_);
    bytes_ = std::exchange(other.bytes_, 0);
    too_large_ = std::exchange(other.too_large_, false);
    other.fields_.clear();
    return *this;
  }

  void Clear();
  /// Answers false, and keeps no more, once the block is larger than `limits` accept.
  bool Add(nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t flags, const HostLimits& limits);

  bool TooLarge() const { return too_large_; }
  /// As RFC 9113, 6.5.2 counts: 32 for each field besides its text. Also what was not kept.
  size_t bytes() const { return bytes_; }
  bool empty() const { return fields_.empty(); }
  const auto& fields() const { return fields_; }
  /// The first value of `name`, or "".
  std::string_view Find(std::string_view name) const;
  void ForEach(std::string_view key, void (*found)(void*, std::string_view), void* context) const override;

 private:
  boost::container::small_vector<Field, 10> fields_;
  size_t bytes_ = 0;
  bool too_large_ = false;
};

/// Fields for nghttp2 to send.
using Fields = boost::container::small_vector<nghttp2_nv, 32>;

/// Refers to `field`, which must stay until the block is sent or its stream is closed.
nghttp2_nv Borrow(const HeaderBlock::Field& field);
/// Refers to the texts only until the block is submitted.
nghttp2_nv Copied(std::string_view name, std::string_view value);

}  // namespace myelin::frame
