// SPDX-License-Identifier: Apache-2.0
//
// A block of HPACK from the wire becomes a HeaderBlock: it holds what the decoder gave, in order, up to its bounds, and
// finds it again; moved or cleared it gives back what it held.
#include "pump/frame/header_block.h"

#include <string>
#include <utility>
#include <vector>

#include "fuzz/frames.h"
#include "fuzz/require.h"

namespace myelin::frame::fuzz {
namespace {

struct Received {
  HeaderBlock block;
  std::vector<std::pair<std::string, std::string>> all;
};

std::string Text(nghttp2_rcbuf* text) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(text);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

int TakeField(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t flags,
              void* user_data) {
  auto& received = *static_cast<Received*>(user_data);
  if (received.block.Add(name, value, flags, HostLimits())) received.all.emplace_back(Text(name), Text(value));
  return 0;
}

void CheckBlock(HeaderBlock& block, const std::vector<std::pair<std::string, std::string>>& all) {
  Require(block.fields().size() == all.size(), "every field that was added");
  const size_t step = all.size() / 32 + 1;  // looking for each of a thousand takes too long
  for (size_t i = 0; i < all.size(); i += step) {
    const HeaderBlock::Field& field = block.fields()[i];
    Require(field.name == all[i].first && field.value == all[i].second, "the fields in their order");
    const std::string_view found = block.Find(field.name);
    size_t count = 0;
    block.ForEach(
        field.name, [](void* n, std::string_view) { ++*static_cast<size_t*>(n); }, &count);
    Require(count > 0, "a field that is found again");
    Require(found.data() != nullptr || field.value.empty(), "the first value of a name");
  }
  HeaderBlock moved = std::move(block);
  Require(block.empty() && block.bytes() == 0, "nothing left behind");
  block = std::move(moved);
  Require(block.fields().size() == all.size(), "all of it back");
}

/// A server session that only collects fields.
nghttp2_session* MakeSession(Received& received) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session* session = nullptr;
  Require(nghttp2_session_callbacks_new(&callbacks) == 0, "memory");
  nghttp2_session_callbacks_set_on_header_callback2(callbacks, TakeField);
  Require(nghttp2_session_server_new(&session, callbacks, &received) == 0, "memory");
  nghttp2_session_callbacks_del(callbacks);
  return session;
}

}  // namespace
}  // namespace myelin::frame::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace myelin::frame::fuzz;
  if (size > 16'384) return 0;
  Received received;
  nghttp2_session* session = MakeSession(received);
  const std::string start = NGHTTP2_CLIENT_MAGIC + Frame(NGHTTP2_SETTINGS, 0, 0, "") +
                            Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
                                  {reinterpret_cast<const char*>(data), size});
  nghttp2_session_mem_recv(session, reinterpret_cast<const uint8_t*>(start.data()), start.size());
  CheckBlock(received.block, received.all);
  nghttp2_session_del(session);  // the block holds its texts beyond it
  CheckBlock(received.block, received.all);
  return 0;
}
