// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/header_block.h"

namespace myelin::frame {
namespace {

std::string_view View(nghttp2_rcbuf* text) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(text);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

uint8_t* Bytes(std::string_view text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); }

}  // namespace

void HeaderBlock::Clear() {
  for (const Field& field : fields_) {
    nghttp2_rcbuf_decref(field.name_text);
    nghttp2_rcbuf_decref(field.value_text);
  }
  fields_.clear();
  bytes_ = 0;
  too_large_ = false;
}

bool HeaderBlock::Add(nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t flags, const HostLimits& limits) {
  const Field field{name, value, flags, View(name), View(value)};
  bytes_ += field.name.size() + field.value.size() + 32;
  too_large_ = too_large_ || bytes_ > limits.max_header_bytes || fields_.size() >= limits.max_header_fields;
  if (too_large_) return false;
  nghttp2_rcbuf_incref(name);
  nghttp2_rcbuf_incref(value);
  fields_.push_back(field);
  return true;
}

std::string_view HeaderBlock::Find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (field.name == name) return field.value;
  }
  return {};
}

void HeaderBlock::ForEach(std::string_view key, void (*found)(void*, std::string_view), void* context) const {
  for (const Field& field : fields_) {
    if (field.name == key) found(context, field.value);
  }
}

nghttp2_nv Borrow(const HeaderBlock::Field& field) {
  return {Bytes(field.name), Bytes(field.value), field.name.size(), field.value.size(),
          static_cast<uint8_t>(field.flags | NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE)};
}

nghttp2_nv Copied(std::string_view name, std::string_view value) {
  return {Bytes(name), Bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace myelin::frame
