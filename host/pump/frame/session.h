// SPDX-License-Identifier: Apache-2.0
//
// One HTTP/2 connection over a socket, of either side: reads what is there, lets nghttp2 take it apart, and at the end
// of the worker's turn writes all that has come together in one go. Says nothing about what streams are for; that is
// its subclasses' business. Belongs to a worker.
#pragma once

#include <nghttp2/nghttp2.h>

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/abuse.h"
#include "base/timer_wheel.h"
#include "pump/frame/allowance.h"
#include "pump/frame/buffer.h"
#include "pump/frame/frame_rules.h"
#include "pump/frame/header_block.h"

namespace myelin::frame {

class FrameWorker;

/// Something with a descriptor that the worker's epoll watches.
class Pollable {
 public:
  virtual void OnEvents(uint32_t events) = 0;

 protected:
  ~Pollable() = default;
};

/// Something that is deleted at the end of the turn, when nothing that the turn called can refer to it any more.
class Disposable : public boost::intrusive::list_base_hook<> {
 public:
  virtual ~Disposable() = default;
};

/// The bytes of one direction of a stream, as a session sends them.
class StreamSource {
 public:
  /// As nghttp2_data_source_read_callback.
  virtual ssize_t Read(size_t most, uint32_t* flags) = 0;
  /// Moves `size` bytes to `output`.
  virtual void Move(size_t size, ByteQueue& output) = 0;

 protected:
  ~StreamSource() = default;
};

struct DirtyTag;
using DirtyHook = boost::intrusive::list_base_hook<boost::intrusive::tag<DirtyTag>,
                                                   boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

struct WithheldTag;
using WithheldHook = boost::intrusive::list_base_hook<boost::intrusive::tag<WithheldTag>,
                                                      boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Session : public Pollable, public Disposable, public DirtyHook, public WithheldHook {
 public:
  enum class Side { kDownstream, kUpstream };

  Session(FrameWorker& worker, Side side);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  FrameWorker& worker() { return worker_; }
  nghttp2_session* h2() { return h2_; }
  bool closed() const { return closed_; }

  /// Something may be there to send: looks at the end of the turn.
  void MarkDirty();
  void Flush();

  /// Bytes that this session received have left the worker, or been dropped: the peer may send more.
  void Release(int32_t stream_id, size_t bytes);
  /// Gives back what was withheld of the connection's window, if it holds little enough for that.
  void GiveWindowBack();

  void Reset(int32_t stream_id, uint32_t error_code);
  void Resume(int32_t stream_id);
  /// Ends the connection at the end of the turn, after a GOAWAY with `error_code`.
  void Terminate(uint32_t error_code);

  /// How far the output has come, in bytes: what is submitted now stands at or behind `appended`.
  uint64_t appended() const { return written_ + output_.size(); }
  uint64_t written() const { return written_; }

 protected:
  friend struct SessionCallbacks;

  /// The socket is connected: starts to speak.
  void Begin(int fd);
  void OnEvents(uint32_t events) override;
  /// Closes the socket and tells OnClosed, once.
  void Shut(const std::string& why);
  /// Tells the peer to calm down and closes, at once: not from within a callback of nghttp2's.
  void Expel(AbuseKind kind);
  /// Likewise, at the end of the turn; from anywhere.
  void Flood(AbuseKind kind);

  /// Who is at the other end, for the log.
  virtual std::string_view PeerName() const = 0;
  /// How many streams the peer may have open; 0 leaves it unsaid.
  virtual uint32_t MaxStreams() const { return 0; }
  virtual void OnHeaders(int32_t stream_id, HeaderBlock block, bool end) = 0;
  /// A block that was larger than what is accepted.
  virtual void OnOversizedHeaders(int32_t stream_id) = 0;
  virtual void OnData(int32_t stream_id, const uint8_t* data, size_t size) = 0;
  virtual void OnEnd(int32_t stream_id) = 0;
  virtual void OnEndSent(int32_t) {}
  virtual void OnStreamClosed(int32_t stream_id, uint32_t error_code) = 0;
  /// A reset is on its way that speaks of a peer that breaks the rules: whether this one did on that stream, and the
  /// code is not passed on from another connection. OnStreamClosed comes next.
  virtual bool OnMalformed(int32_t stream_id) = 0;
  virtual void OnSettings() {}
  virtual void OnGoaway(uint32_t, std::string_view) {}
  virtual void OnPong() {}
  /// The first bytes from the peer; answers why they are not HTTP/2, or "".
  virtual std::string OnFirstBytes(std::string_view) { return ""; }
  /// Takes the session out of where it is used. No callback comes afterwards.
  virtual void OnClosed(const std::string& why) = 0;

  /// Whether a block of headers has been coming in for `limit_ns`.
  bool HeadersTooSlow(uint64_t limit_ns) const;
  size_t output_bytes() const { return output_.size(); }
  uint64_t last_read_ns() const { return last_read_ns_; }
  int fd() const { return fd_; }

  FrameWorker& worker_;

 private:
  static constexpr size_t kMaxOutput = 512 * 1024;
  static constexpr size_t kMaxPendingFrames = 5'000;

  void SubmitSettings();
  void ReadSome();
  bool Receive(const uint8_t* bytes, size_t size);
  void Punish(const FrameRules::Verdict& verdict);
  bool Write();
  void Refuse(int error);
  void WatchEvents();
  void Hold(size_t bytes);
  bool MayHoldMore() const;
  void CountOutput();

  const Side side_;
  nghttp2_session* h2_ = nullptr;
  int fd_ = -1;
  bool closed_ = false;
  bool blocked_ = false;      // the socket takes no more
  bool goaway_sent_ = false;  // the last one
  bool goaway_received_ = false;
  bool flooded_ = false;           // the peer has been told to calm down
  uint64_t headers_since_ns_ = 0;  // 0: no block is coming in
  bool watching_ = false;
  uint32_t watched_ = 0;
  FrameRules rules_;  // of a client's frames
  HeaderBlock receiving_;
  ByteQueue output_;
  uint64_t written_ = 0;
  uint64_t last_read_ns_ = 0;
  size_t held_ = 0;            // bytes received that have not been released
  size_t withheld_ = 0;        // of these, what the connection's window has not been given back
  size_t counted_output_ = 0;  // of the output, what the worker's account knows
  Allowance control_frames_{10'000, 1'000};
  Allowance window_updates_{100'000, 20'000};
  Allowance empty_data_{10'000, 1'000};
  Allowance resets_{24'000, 2'000};
  Allowance own_resets_{1'000, 20};
  Timer calm_timer_{[](void* self) { static_cast<Session*>(self)->Shut("it was told to calm down"); }, this};
};

}  // namespace myelin::frame
