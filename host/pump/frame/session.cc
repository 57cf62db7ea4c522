// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/session.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
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

// The connection's window. It is given back as bytes come in, so it need not be larger than what is on the wire.
constexpr uint32_t kLeastConnectionWindow = 1024 * 1024;
// nghttp2 takes a longer name or value for an error of the connection, so peers are asked not to send one.
constexpr uint32_t kLongestText = 64 * 1024;
// A peer that was told to calm down has so long to hear it.
constexpr uint64_t kCalmNs = 1'000'000'000;
// Reads of one connection in a turn, so that a busy one does not starve others.
constexpr int kReadsPerTurn = 4;

// Of what nghttp2 itself finds to be too much.
AbuseKind KindOf(int error) {
  if (error == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) return AbuseKind::kContinuation;
  return error == NGHTTP2_ERR_HEADER_COMP ? AbuseKind::kHeaderBomb : AbuseKind::kOther;
}

}  // namespace

Session::Session(FrameWorker& worker, Side side) : worker_(worker), side_(side), output_(worker.buffers()) {}

Session::~Session() {
  worker_.LetGo(counted_output_);
  if (fd_ >= 0) ::close(fd_);
  nghttp2_session_del(h2_);
}

void Session::Begin(int fd) {
  fd_ = fd;
  last_read_ns_ = worker_.context().now_ns;
  const bool server = side_ == Side::kDownstream;
  const auto make = server ? nghttp2_session_server_new3 : nghttp2_session_client_new3;
  const Protocol& protocol = worker_.protocol();
  if (make(&h2_, protocol.callbacks(), this, protocol.options(), worker_.memory()) != 0) throw std::bad_alloc();
  SubmitSettings();
  WatchEvents();
  MarkDirty();
}

void Session::SubmitSettings() {
  const HostLimits& limits = worker_.limits();
  const bool down = side_ == Side::kDownstream;
  const std::array<nghttp2_settings_entry, 4> settings{{
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, down ? limits.stream_buffer : ByteAccount::kLeast},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, std::min(limits.max_header_bytes, kLongestText)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
      down ? nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MaxStreams()}
           : nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
  }};
  nghttp2_submit_settings(h2_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  const uint32_t window = std::max(kLeastConnectionWindow, 2 * limits.stream_buffer);
  nghttp2_session_set_local_window_size(h2_, NGHTTP2_FLAG_NONE, 0, static_cast<int32_t>(window));
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
  while (size > 0) {
    FrameRules::Verdict verdict{size, NGHTTP2_NO_ERROR, 0};
    if (side_ == Side::kDownstream) verdict = rules_.Check(bytes, size);
    const ssize_t taken = nghttp2_session_mem_recv(h2_, bytes, verdict.taken);
    if (closed_) return false;
    if (taken < 0) {
      Refuse(static_cast<int>(taken));
      return false;
    }
    bytes += verdict.taken;
    size -= verdict.taken;
    if (verdict.error_code != NGHTTP2_NO_ERROR) Punish(verdict);
  }
  MarkDirty();
  return true;
}

void Session::Punish(const FrameRules::Verdict& verdict) {
  if (verdict.stream_id == 0) {
    Terminate(verdict.error_code);
  } else {
    Reset(verdict.stream_id, verdict.error_code);
  }
}

// Frames that nghttp2 does not go on after. The peer is told why, if it listens.
void Session::Refuse(int error) {
  const bool nonsense = error == NGHTTP2_ERR_BAD_CLIENT_MAGIC || error == NGHTTP2_ERR_PROTO;
  if (!nonsense) {
    Expel(KindOf(error));
    return;
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
  CountOutput();
  WatchEvents();
  const bool ending = goaway_sent_ || goaway_received_;
  const bool over =
      ending && output_.empty() && nghttp2_session_want_read(h2_) == 0 && nghttp2_session_want_write(h2_) == 0;
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
  const bool answers = nghttp2_session_get_outbound_queue_size(h2_) < kMaxPendingFrames || !blocked_;
  const bool read = answers && !flooded_;
  const uint32_t wanted =
      (read ? static_cast<uint32_t>(EPOLLIN) : 0u) | (blocked_ ? static_cast<uint32_t>(EPOLLOUT) : 0u);
  if (wanted == watched_ && watching_) return;
  worker_.Watch(fd_, wanted, *this, !watching_);
  watching_ = true;
  watched_ = wanted;
}

void Session::Release(int32_t stream_id, size_t bytes) {
  if (closed_ || bytes == 0) return;
  const size_t known = std::min(held_, bytes);
  held_ -= known;
  if (side_ == Side::kDownstream) worker_.LetGo(known);
  nghttp2_session_consume_stream(h2_, stream_id, bytes);
  const size_t part = std::min(withheld_, bytes);
  if (part > 0) {
    withheld_ -= part;
    nghttp2_session_consume_connection(h2_, part);
  }
  MarkDirty();
}

// The connection's window is given back at once, so that a stalled stream does not stall the others; unless too much is
// held already. What comes from an upstream is for many clients and counted there, so its own sum does not matter until
// the worker is full.
bool Session::MayHoldMore() const {
  if (side_ == Side::kDownstream) return held_ <= worker_.bytes().Share();
  return !worker_.bytes().full() || held_ <= ByteAccount::kLeast;
}

void Session::Hold(size_t bytes) {
  held_ += bytes;
  if (side_ == Side::kDownstream) worker_.Hold(bytes);
  if (MayHoldMore()) {
    nghttp2_session_consume_connection(h2_, bytes);
    return;
  }
  withheld_ += bytes;
  if (!WithheldHook::is_linked()) worker_.AddWithheld(*this);
}

void Session::GiveWindowBack() {
  if (closed_ || !MayHoldMore()) return;
  WithheldHook::unlink();
  nghttp2_session_consume_connection(h2_, std::exchange(withheld_, 0));
  MarkDirty();
}

void Session::CountOutput() {
  const size_t now = closed_ ? 0 : output_.size();
  if (now > counted_output_) worker_.Hold(now - counted_output_);
  if (now < counted_output_) worker_.LetGo(counted_output_ - now);
  counted_output_ = now;
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
  calm_timer_.Stop();
  if (DirtyHook::is_linked()) DirtyHook::unlink();
  if (WithheldHook::is_linked()) WithheldHook::unlink();
  if (side_ == Side::kDownstream) worker_.LetGo(std::exchange(held_, 0));
  CountOutput();
  if (fd_ >= 0) {
    const int fd = std::exchange(fd_, -1);
    if (goaway_sent_ || goaway_received_) {
      worker_.Linger(fd, watching_);
    } else {
      ::close(fd);
    }
  }
  OnClosed(why);
}

bool Session::HeadersTooSlow(uint64_t limit_ns) const {
  return headers_since_ns_ != 0 && worker_.context().now_ns - headers_since_ns_ >= limit_ns;
}

// One that does not even read the answer is not waited for.
void Session::Flood(AbuseKind kind) {
  if (closed_ || std::exchange(flooded_, true)) return;
  worker_.CountAbuse(kind, PeerName());
  Terminate(NGHTTP2_ENHANCE_YOUR_CALM);
  worker_.context().timers.Start(calm_timer_, worker_.context().now_ns + kCalmNs);
}

void Session::Expel(AbuseKind kind) {
  Flood(kind);
  Flush();
  Shut("it was told to calm down");
}

}  // namespace myelin::frame
