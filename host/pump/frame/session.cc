// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/session.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <system_error>
#include <utility>

#include "pump/frame/session_callbacks.h"
#include "pump/frame/socket.h"
#include "pump/frame/worker.h"

namespace myelin::frame {
namespace {

// Above the sum of some stalled streams' windows, so that they do not stall their neighbours.
constexpr int32_t kConnectionWindow = 4 * 1024 * 1024;
// Reads of one connection in a turn, so that a busy one does not starve others.
constexpr int kReadsPerTurn = 4;

}  // namespace

Session::Session(FrameWorker& worker, Side side) : worker_(worker), side_(side), output_(worker.buffers()) {}

Session::~Session() {
  if (fd_ >= 0) ::close(fd_);
  nghttp2_session_del(h2_);
}

void Session::Begin(int fd) {
  fd_ = fd;
  last_read_ns_ = worker_.context().now_ns;
  const bool server = side_ == Side::kDownstream;
  const auto make = server ? nghttp2_session_server_new2 : nghttp2_session_client_new2;
  if (make(&h2_, worker_.protocol().callbacks(), this, worker_.protocol().options()) != 0) throw std::bad_alloc();
  SubmitSettings();
  WatchEvents();
  MarkDirty();
}

void Session::SubmitSettings() {
  const std::array<nghttp2_settings_entry, 4> settings{{
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HeaderBlock::kMaxBytes},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
      side_ == Side::kDownstream ? nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kMaxStreams}
                                 : nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
  }};
  nghttp2_submit_settings(h2_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(h2_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

void Session::MarkDirty() {
  if (!closed_ && !DirtyHook::is_linked()) worker_.FlushLater(*this);
}

void Session::OnEvents(uint32_t events) {
  if (closed_) return;
  if ((events & EPOLLOUT) != 0) {
    blocked_ = false;
    MarkDirty();
  }
  if ((events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) ReadSome();
}

void Session::ReadSome() {
  const auto buffer = worker_.read_buffer();
  for (int i = 0; i < kReadsPerTurn && !closed_; ++i) {
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      Shut(got == 0 ? "it closed the connection" : ErrnoText(errno));
      return;
    }
    if (!Receive(buffer.data(), static_cast<size_t>(got))) return;
    if (static_cast<size_t>(got) < buffer.size()) return;
  }
}

bool Session::Receive(const uint8_t* bytes, size_t size) {
  last_read_ns_ = worker_.context().now_ns;
  if (std::string why = OnFirstBytes({reinterpret_cast<const char*>(bytes), size}); !why.empty()) {
    Shut(why);
    return false;
  }
  const ssize_t taken = nghttp2_session_mem_recv(h2_, bytes, size);
  if (closed_) return false;
  if (taken < 0) {
    Refuse(static_cast<int>(taken));
    return false;
  }
  MarkDirty();
  return true;
}

// Frames that nghttp2 does not go on after. The peer is told why, if it listens.
void Session::Refuse(int error) {
  const bool nonsense = error == NGHTTP2_ERR_BAD_CLIENT_MAGIC || error == NGHTTP2_ERR_PROTO;
  if (!nonsense) {
    worker_.LogAbuse(nghttp2_strerror(error));
    Terminate(NGHTTP2_ENHANCE_YOUR_CALM);
    Flush();
  }
  Shut(std::string("it does not speak HTTP/2: ") + nghttp2_strerror(error));
}

// Lets nghttp2 write into the output until there is nothing more, or as much as is worth holding.
void Session::Flush() {
  while (!closed_ && !blocked_) {
    while (output_.size() < kMaxOutput) {
      const uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(h2_, &bytes);
      if (size < 0) {
        Shut(nghttp2_strerror(static_cast<int>(size)));
        return;
      }
      if (size == 0) break;
      output_.Append(bytes, static_cast<size_t>(size));
    }
    const bool more = output_.size() >= kMaxOutput;
    if (!Write()) return;
    if (!more) break;
  }
  if (closed_) return;
  WatchEvents();
  const bool over =
      goaway_sent_ && output_.empty() && nghttp2_session_want_read(h2_) == 0 && nghttp2_session_want_write(h2_) == 0;
  if (over) Shut("the connection is over");
}

bool Session::Write() {
  std::array<iovec, 64> pieces;
  while (!output_.empty()) {
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = output_.Gather(pieces.data(), pieces.size());
    const ssize_t sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent >= 0) {
      output_.RemovePrefix(static_cast<size_t>(sent));
      written_ += static_cast<uint64_t>(sent);
    } else if (errno == EAGAIN) {
      blocked_ = true;
      return true;
    } else if (errno != EINTR) {
      Shut(ErrnoText(errno));
      return false;
    }
  }
  return true;
}

// A peer that makes us answer and does not read the answers is not read any further.
void Session::WatchEvents() {
  const bool read = nghttp2_session_get_outbound_queue_size(h2_) < kMaxPendingFrames || !blocked_;
  const uint32_t wanted =
      (read ? static_cast<uint32_t>(EPOLLIN) : 0u) | (blocked_ ? static_cast<uint32_t>(EPOLLOUT) : 0u);
  if (wanted == watched_) return;
  worker_.Watch(fd_, wanted, *this, watched_ == 0);
  watched_ = wanted;
}

void Session::Release(int32_t stream_id, size_t bytes) {
  if (closed_ || bytes == 0) return;
  buffered_ -= std::min(buffered_, bytes);
  nghttp2_session_consume_stream(h2_, stream_id, bytes);
  const size_t part = std::min(withheld_, bytes);
  if (part > 0) {
    withheld_ -= part;
    nghttp2_session_consume_connection(h2_, part);
  }
  MarkDirty();
}

void Session::Reset(int32_t stream_id, uint32_t error_code) {
  if (closed_) return;
  nghttp2_submit_rst_stream(h2_, NGHTTP2_FLAG_NONE, stream_id, error_code);
  MarkDirty();
}

void Session::Resume(int32_t stream_id) {
  if (closed_) return;
  nghttp2_session_resume_data(h2_, stream_id);
  MarkDirty();
}

void Session::Terminate(uint32_t error_code) {
  if (closed_) return;
  nghttp2_session_terminate_session(h2_, error_code);
  MarkDirty();
}

void Session::Shut(const std::string& why) {
  if (closed_) return;
  closed_ = true;
  if (DirtyHook::is_linked()) DirtyHook::unlink();
  if (fd_ >= 0) {
    if (goaway_sent_) DiscardInput();
    ::close(std::exchange(fd_, -1));
  }
  OnClosed(why);
}

bool Session::HeadersTooSlow(uint64_t limit_ns) const {
  return headers_since_ns_ != 0 && worker_.context().now_ns - headers_since_ns_ >= limit_ns;
}

// Closing with bytes unread would make the kernel throw away the last that was sent.
void Session::DiscardInput() {
  constexpr int kMostReads = 16;
  ::shutdown(fd_, SHUT_WR);
  const auto buffer = worker_.read_buffer();
  for (int i = 0; i<kMostReads&& ::recv(fd_, buffer.data(), buffer.size(), 0)> 0; ++i) {
  }
}

void Session::Flood(std::string_view what) {
  worker_.LogAbuse(what);
  Terminate(NGHTTP2_ENHANCE_YOUR_CALM);
}

}  // namespace myelin::frame
