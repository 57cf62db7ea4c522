// SPDX-License-Identifier: Apache-2.0
//
// The part of Relay that sessions take a stream's bytes from. A side that sends is credited when its bytes go into the
// other side's output, which is short and only filled as far as the socket empties it.
#include <algorithm>

#include "pump/frame/down_connection.h"
#include "pump/frame/grpc_text.h"
#include "pump/frame/relay.h"
#include "pump/frame/up_connection.h"
#include "pump/frame/worker.h"

namespace myelin::frame {
namespace {

constexpr size_t kMaxReplay = 64 * 1024;
constexpr uint64_t kWorthOpening = ByteAccount::kLeast / 2;

}  // namespace

ssize_t Relay::ToUpstream::Read(size_t most, uint32_t* flags) {
  Direction& direction = relay.upward_;
  const size_t size = std::min(most, direction.queue.size());
  if (size == 0 && !direction.ended) return NGHTTP2_ERR_DEFERRED;
  if (!direction.ended || size < direction.queue.size()) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (direction.has_trailers) relay.SubmitTrailers(*relay.up_, relay.up_id_, direction.trailers, flags);
  return static_cast<ssize_t>(size);
}

void Relay::ToUpstream::Move(size_t size, ByteQueue& output) {
  uint64_t messages = 0;
  relay.upward_.queue.ForPrefix(
      size, [&](const uint8_t* data, size_t part) { messages += relay.sent_up_.Advance(data, part); });
  relay.call_.AddSent(size, messages);
  if (relay.may_replay_ && relay.replay_.size() + size > kMaxReplay) relay.ForgetReplay();
  relay.upward_.queue.MoveTo(output, size, relay.may_replay_ ? &relay.replay_ : nullptr);
  const size_t known = std::min(size, relay.replayed_);
  relay.replayed_ -= known;
  relay.down_.Release(relay.down_id_, size - known);
}

ssize_t Relay::ToDownstream::Read(size_t most, uint32_t* flags) {
  Direction& direction = relay.downward_;
  const size_t size = std::min(most, direction.queue.size());
  if (relay.own_end_ || relay.reset_due_) return size > 0 ? static_cast<ssize_t>(size) : relay.EndDown(flags);
  if (size == 0 && !direction.ended) return NGHTTP2_ERR_DEFERRED;
  if (!direction.ended || size < direction.queue.size()) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (direction.has_trailers) relay.SubmitTrailers(relay.down_, relay.down_id_, direction.trailers, flags);
  return static_cast<ssize_t>(size);
}

void Relay::ToDownstream::Move(size_t size, ByteQueue& output) {
  Direction& direction = relay.downward_;
  direction.queue.ForPrefix(size, [this](const uint8_t* data, size_t part) { relay.sent_down_.Advance(data, part); });
  direction.queue.MoveTo(output, size);
  relay.down_.RemoveWaiting(size);
  if (relay.up_ == nullptr) return;
  relay.up_->Release(relay.up_id_, size);
  relay.taken_down_ += size;
  if (relay.taken_down_ >= kWorthOpening && relay.up_window_ == 0) relay.OpenWindow();
}

// Once the downstream takes much, the upstream may send more ahead, as far as the downstream's connection and the
// worker can hold it.
void Relay::OpenWindow() {
  const uint32_t most = down_.worker().limits().stream_buffer;
  const uint32_t more = most - ByteAccount::kLeast;
  if (more == 0 || !down_.Promise(more)) return;
  up_window_ = more;
  nghttp2_session_set_local_window_size(up_->h2(), NGHTTP2_FLAG_NONE, up_id_, static_cast<int32_t>(most));
  up_->MarkDirty();
}

// The downstream has all that was queued; what follows is not the upstream's word.
ssize_t Relay::EndDown(uint32_t* flags) {
  if (own_end_ && sent_down_.BetweenMessages()) {
    const std::string status = std::to_string(own_status_);
    const std::string message = PercentEncode(own_message_);
    Fields fields{Copied("grpc-status", status), Copied("grpc-message", message)};
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    nghttp2_submit_trailer(down_.h2(), down_id_, fields.data(), fields.size());
    return 0;
  }
  const bool late = own_status_ == MYELIN_GRPC_DEADLINE_EXCEEDED;
  const uint32_t own = late ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR;
  const uint32_t code = own_end_ ? own : reset_code_;
  nghttp2_submit_rst_stream(down_.h2(), NGHTTP2_FLAG_NONE, down_id_, code);
  return NGHTTP2_ERR_DEFERRED;
}

// Trailers are copied: a stream that is let go can still have them to send.
ssize_t Relay::SubmitTrailers(Session& session, int32_t stream_id, const HeaderBlock& trailers, uint32_t* flags) {
  Fields fields;
  for (const HeaderBlock::Field& field : trailers.fields()) {
    fields.push_back(Copied(field.name, field.value));
    fields.back().flags = field.flags;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  return nghttp2_submit_trailer(session.h2(), stream_id, fields.data(), fields.size());
}

}  // namespace myelin::frame
