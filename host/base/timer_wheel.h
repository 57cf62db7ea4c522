// SPDX-License-Identifier: Apache-2.0
//
// Timers of one worker: starting and stopping one is O(1) and never allocates, for every call has some and few of
// them ever fire. Hierarchical timing wheel (Varghese and Lauck, SOSP 1987): 6 levels of 64 slots, 1 ms resolution.
// Not thread-safe; the owner calls Advance.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <functional>

namespace myelin {

/// Embedded in what it wakes. Stops itself when destroyed. Fires at most once per start, never early, at most 1 ms late
/// at the time Advance is called.
class Timer : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  using Callback = void (*)(void* argument);
  Timer(Callback callback, void* argument) : callback_(callback), argument_(argument) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool active() const { return is_linked(); }
  void Stop() {
    if (is_linked()) unlink();
  }

 private:
  friend class TimerWheel;
  Callback callback_;
  void* argument_;
  uint64_t due_tick_ = 0;
};

class TimerWheel {
 public:
  static constexpr uint64_t kNever = UINT64_MAX;

  explicit TimerWheel(uint64_t now_ns) : tick_(now_ns / kTickNs) {}

  /// Starts or restarts `timer` to fire at `due_ns`. The timer must not outlive this wheel while active.
  void Start(Timer& timer, uint64_t due_ns);

  /// Fires what is due at `now_ns`. Callbacks may start, stop and destroy any timers.
  void Advance(uint64_t now_ns);

  /// When Advance has to be called next, in ns: not later than the first timer is due. kNever when none is active.
  uint64_t NextDue() const;

 private:
  static constexpr uint64_t kTickNs = 1'000'000;
  static constexpr unsigned kSlotBits = 6;
  static constexpr unsigned kSlots = 1u << kSlotBits;
  static constexpr unsigned kLevels = 6;

  using Slot = boost::intrusive::list<Timer, boost::intrusive::constant_time_size<false>>;

  void Insert(Timer& timer);
  void FireSlot(Slot& slot);
  void Cascade(unsigned level);

  std::array<std::array<Slot, kSlots>, kLevels> levels_;
  uint64_t tick_;  // everything due before or at it has fired
};

}  // namespace myelin
