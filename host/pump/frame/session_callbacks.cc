// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/session_callbacks.h"

#include <algorithm>
#include <new>

#include "pump/frame/session.h"
#include "pump/frame/worker.h"

namespace myelin::frame {
namespace {

constexpr size_t kBombBytes = 1024 * 1024;  // of one header block, decoded

AbuseKind KindOf(uint8_t frame_type) {
  if (frame_type == NGHTTP2_SETTINGS) return AbuseKind::kSettings;
  if (frame_type == NGHTTP2_PING) return AbuseKind::kPing;
  return AbuseKind::kOther;
}

}  // namespace

struct SessionCallbacks {
  static Session& Of(void* user_data) { return *static_cast<Session*>(user_data); }

  // What nghttp2 takes no further notice of costs it little, but not nothing.
  static int BeginFrame(nghttp2_session*, const nghttp2_frame_hd* header, void* user_data) {
    Session& session = Of(user_data);
    const bool ignored = header->type == NGHTTP2_PRIORITY || header->type > NGHTTP2_CONTINUATION;
    if (ignored) Count(session, session.control_frames_, AbuseKind::kPriority);
    return 0;
  }

  static int BeginHeaders(nghttp2_session*, const nghttp2_frame*, void* user_data) {
    Session& session = Of(user_data);
    session.receiving_.Clear();
    session.headers_since_ns_ = session.worker_.context().now_ns;
    return 0;
  }

  static int Header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t flags,
                    void* user_data) {
    Session& session = Of(user_data);
    const HostLimits& limits = session.worker_.limits();
    if (session.receiving_.Add(name, value, flags, limits)) return 0;
    if (session.receiving_.bytes() > kBombBytes + limits.max_header_bytes) session.Flood(AbuseKind::kHeaderBomb);
    return 0;
  }

  static int FrameReceived(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    Session& session = Of(user_data);
    const int32_t stream_id = frame->hd.stream_id;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        TakeHeaders(session, stream_id, (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0);
        return 0;
      case NGHTTP2_DATA:
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
          session.OnEnd(stream_id);
        } else if (frame->hd.length == 0) {
          Count(session, session.empty_data_, AbuseKind::kEmptyData);
        }
        return 0;
      case NGHTTP2_GOAWAY:
        session.goaway_received_ = true;
        session.OnGoaway(frame->goaway.error_code,
                         {reinterpret_cast<const char*>(frame->goaway.opaque_data), frame->goaway.opaque_data_len});
        return 0;
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) session.OnSettings();
        break;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) session.OnPong();
        break;
      case NGHTTP2_RST_STREAM:  // more than a client that cancels often sends; an upstream may end every stream so
        if (session.side_ == Session::Side::kUpstream) return 0;
        Count(session, session.resets_, AbuseKind::kRapidReset);
        return 0;
      case NGHTTP2_WINDOW_UPDATE:
        Count(session, session.window_updates_, AbuseKind::kWindowUpdate);
        return 0;
      default:
        break;
    }
    Count(session, session.control_frames_, KindOf(frame->hd.type));
    return 0;
  }

  static int InvalidFrame(nghttp2_session*, const nghttp2_frame*, int, void* user_data) {
    Of(user_data).headers_since_ns_ = 0;
    return 0;
  }

  static void TakeHeaders(Session& session, int32_t stream_id, bool end) {
    session.headers_since_ns_ = 0;
    if (session.receiving_.TooLarge()) {
      session.receiving_.Clear();
      session.OnOversizedHeaders(stream_id);
      return;
    }
    session.OnHeaders(stream_id, std::move(session.receiving_), end);
    session.receiving_.Clear();
  }

  static void Count(Session& session, Allowance& allowance, AbuseKind kind) {
    if (!allowance.Take(session.worker_.context().now_ns)) session.Flood(kind);
  }

  static int Data(nghttp2_session*, uint8_t, int32_t stream_id, const uint8_t* data, size_t size, void* user_data) {
    Session& session = Of(user_data);
    session.Hold(size);
    session.OnData(stream_id, data, size);
    return 0;
  }

  static int StreamClosed(nghttp2_session*, int32_t stream_id, uint32_t error_code, void* user_data) {
    Of(user_data).OnStreamClosed(stream_id, error_code);
    return 0;
  }

  static int FrameSent(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    Session& session = Of(user_data);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA:
        // Receivers measure the way by a PING for what they get, and open windows for it.
        session.control_frames_.Earn();
        session.window_updates_.Earn();
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) session.OnEndSent(frame->hd.stream_id);
        break;
      case NGHTTP2_RST_STREAM: {
        // Sent for a peer that breaks the rules (MadeYouReset), or passed on. An upstream is asked for each of its
        // streams, so what it makes us reset is bounded.
        const uint32_t code = frame->rst_stream.error_code;
        const bool provoked =
            code == NGHTTP2_PROTOCOL_ERROR || code == NGHTTP2_FLOW_CONTROL_ERROR || code == NGHTTP2_STREAM_CLOSED;
        if (!provoked || !session.OnMalformed(frame->hd.stream_id)) break;
        if (session.side_ == Session::Side::kUpstream) break;
        Count(session, session.own_resets_, AbuseKind::kProvokedReset);
        break;
      }
      case NGHTTP2_GOAWAY:
        session.goaway_sent_ = session.goaway_sent_ || frame->goaway.last_stream_id != INT32_MAX;
        break;
      default:
        break;
    }
    return 0;
  }

  static ssize_t ReadData(nghttp2_session* h2, int32_t stream_id, uint8_t*, size_t most, uint32_t* flags,
                          nghttp2_data_source* source, void* user_data) {
    if (nghttp2_session_get_stream_user_data(h2, stream_id) == nullptr) return NGHTTP2_ERR_DEFERRED;
    if (Of(user_data).output_.size() >= Session::kMaxOutput) return NGHTTP2_ERR_PAUSE;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    return static_cast<StreamSource*>(source->ptr)->Read(most, flags);
  }

  static int SendData(nghttp2_session*, nghttp2_frame*, const uint8_t* header, size_t size, nghttp2_data_source* source,
                      void* user_data) {
    Session& session = Of(user_data);
    constexpr size_t kFrameHeader = 9;
    session.output_.Append(header, kFrameHeader);
    static_cast<StreamSource*>(source->ptr)->Move(size, session.output_);
    return 0;
  }
};

nghttp2_data_provider ProviderOf(StreamSource& source) {
  nghttp2_data_provider provider;
  provider.source.ptr = &source;
  provider.read_callback = SessionCallbacks::ReadData;
  return provider;
}

Protocol::Protocol(const HostLimits& limits) {
  if (nghttp2_session_callbacks_new(&callbacks_) != 0 || nghttp2_option_new(&options_) != 0) throw std::bad_alloc();
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks_, SessionCallbacks::BeginFrame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks_, SessionCallbacks::BeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback2(callbacks_, SessionCallbacks::Header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks_, SessionCallbacks::FrameReceived);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks_, SessionCallbacks::InvalidFrame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks_, SessionCallbacks::Data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks_, SessionCallbacks::StreamClosed);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks_, SessionCallbacks::FrameSent);
  nghttp2_session_callbacks_set_send_data_callback(callbacks_, SessionCallbacks::SendData);
  nghttp2_option_set_no_auto_window_update(options_, 1);
  nghttp2_option_set_max_send_header_block_length(options_, 2 * size_t{limits.max_header_bytes});
  nghttp2_option_set_max_continuations(options_, 64);
  nghttp2_option_set_max_outbound_ack(options_, 12'000);  // above Session's own limit, which is answered
  // Clients cancel often; DownConnection counts what is abuse.
  nghttp2_option_set_stream_reset_rate_limit(options_, 1'000'000'000, 1'000'000'000);
}

Protocol::~Protocol() {
  nghttp2_option_del(options_);
  nghttp2_session_callbacks_del(callbacks_);
}

}  // namespace myelin::frame
