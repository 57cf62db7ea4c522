// SPDX-License-Identifier: Apache-2.0
//
// A call as a policy sees it, and how calls ended. Views of the host's memory, one pointer each: valid until the hook
// returns; copy what must last. [worker]
#ifndef MYELIN_CPP_CALL_HPP
#define MYELIN_CPP_CALL_HPP

#include <myelin/call.h>
#include <myelin/cpp/range.hpp>

namespace myelin::sdk {

/// A number less than `bound` of 64 random bits, as even as 32 bits allow. `bound` is not 0.
inline uint32_t Below(uint64_t random, uint32_t bound) noexcept {
  return static_cast<uint32_t>(((random >> 32) * bound) >> 32);
}

namespace detail {
struct TextOf {
  explicit TextOf(const myelin_string& string) noexcept : text(ToView(string)) {}
  operator std::string_view() const noexcept { return text; }  // NOLINT: a view of a view
  std::string_view text;
};
}  // namespace detail

/// All values of one metadata key, in the order received; each converts to std::string_view.
using MetadataValues = StridedRange<myelin_string, detail::TextOf>;

class CallView {
 public:
  explicit CallView(const myelin_call* call) noexcept : call_(call) {}

  std::string_view Path() const noexcept { return ToView(call_->path); }        ///< "/shop.v1.Cart/Get"
  std::string_view Service() const noexcept { return ToView(call_->service); }  ///< "shop.v1.Cart"
  std::string_view Method() const noexcept { return ToView(call_->method); }    ///< "Get"
  std::string_view Authority() const noexcept { return ToView(call_->authority); }
  /// The downstream address as text, "10.1.2.3:4711".
  std::string_view Peer() const noexcept { return ToView(call_->peer); }
  uint32_t PeerFamily() const noexcept { return call_->peer_family; }  ///< MYELIN_PEER_…
  uint32_t PeerPort() const noexcept { return call_->peer_port; }
  /// 16 bytes in network order; IPv4 in the first 4.
  const uint8_t* PeerIp() const noexcept { return call_->peer_ip; }

  /// 0 for the first pick of the call; counts picks that could not be used.
  uint32_t Attempt() const noexcept { return call_->attempt; }
  uint64_t NowNs() const noexcept { return call_->now_ns; }      ///< monotonic, of this hook
  uint64_t StartNs() const noexcept { return call_->start_ns; }  ///< monotonic, when the headers had arrived
  /// Monotonic and absolute, or MYELIN_NO_DEADLINE.
  uint64_t DeadlineNs() const noexcept { return call_->deadline_ns; }
  /// 64 fresh random bits for this hook.
  uint64_t Random() const noexcept { return call_->random; }

  /// The values of the key that Host::WantMetadata answered `slot` for.
  MetadataValues Metadata(uint32_t slot) const noexcept {
    const myelin_metadata* entry = myelin_metadata_at(call_, slot);
    return {entry->values, entry->count, sizeof(myelin_string)};
  }
  /// The first of these values, or an empty view if the call does not carry the key.
  std::string_view FirstMetadata(uint32_t slot) const noexcept {
    const myelin_metadata* entry = myelin_metadata_at(call_, slot);
    return entry->count > 0 ? ToView(entry->values[0]) : std::string_view();
  }

  const myelin_call* raw() const noexcept { return call_; }

 private:
  const myelin_call* call_;
};

/// Calls that ended: `for (const myelin_call_result& result : batch)`.
using ResultBatch = StridedRange<myelin_call_result>;

}  // namespace myelin::sdk

#endif
