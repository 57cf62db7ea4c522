// SPDX-License-Identifier: Apache-2.0
#include "base/timer_wheel.h"

#include <algorithm>

namespace myelin {

void TimerWheel::Start(Timer& timer, uint64_t due_ns) {
  timer.Stop();
  timer.due_tick_ = due_ns / kTickNs + 1;  // rounded up, so never early
  Insert(timer);
}

// A timer stands on the level of the highest bits in which its tick differs from now's, in the slot of those bits.
void TimerWheel::Insert(Timer& timer) {
  constexpr uint64_t kHorizon = (uint64_t{1} << (kSlotBits * kLevels)) - 1;
  uint64_t due = std::max(timer.due_tick_, tick_ + 1);
  due = std::min(due, tick_ | kHorizon);  // beyond about two years it waits in the last slot and is sorted in again
  due = std::max(due, tick_ + 1);
  const uint64_t differing = due ^ tick_;
  unsigned level = (63u - static_cast<unsigned>(__builtin_clzll(differing))) / kSlotBits;
  level = std::min(level, kLevels - 1);
  const unsigned slot = static_cast<unsigned>(due >> (level * kSlotBits)) & (kSlots - 1);
  levels_[level][slot].push_back(timer);
}

void TimerWheel::FireSlot(Slot& slot) {
  Slot due;
  due.swap(slot);
  while (!due.empty()) {
    Timer& timer = due.front();
    due.pop_front();
    if (timer.due_tick_ > tick_) {
      Insert(timer);
    } else {
      timer.callback_(timer.argument_);
    }
  }
}

// Sorts the slot that begins now on `level` into the levels below.
void TimerWheel::Cascade(unsigned level) {
  Slot due;
  due.swap(levels_[level][static_cast<unsigned>(tick_ >> (level * kSlotBits)) & (kSlots - 1)]);
  while (!due.empty()) {
    Timer& timer = due.front();
    due.pop_front();
    if (timer.due_tick_ <= tick_) {
      levels_[0][static_cast<unsigned>(tick_) & (kSlots - 1)].push_back(timer);
    } else {
      Insert(timer);
    }
  }
}

void TimerWheel::Advance(uint64_t now_ns) {
  const uint64_t now_tick = now_ns / kTickNs;
  while (tick_ < now_tick) {
    const uint64_t next = NextDue();
    if (next == kNever || next / kTickNs > now_tick) {
      tick_ = now_tick;
      return;
    }
    tick_ = std::max(next / kTickNs, tick_ + 1);
    for (unsigned level = kLevels - 1; level > 0; --level) {
      if ((tick_ & ((uint64_t{1} << (level * kSlotBits)) - 1)) == 0) Cascade(level);
    }
    FireSlot(levels_[0][static_cast<unsigned>(tick_) & (kSlots - 1)]);
  }
}

uint64_t TimerWheel::NextDue() const {
  for (unsigned level = 0; level < kLevels; ++level) {
    const unsigned shift = level * kSlotBits;
    const unsigned here = static_cast<unsigned>(tick_ >> shift) & (kSlots - 1);
    for (unsigned slot = here + 1; slot < kSlots; ++slot) {
      if (levels_[level][slot].empty()) continue;
      const uint64_t base = (tick_ >> (shift + kSlotBits)) << (shift + kSlotBits);
      return (base | (uint64_t{slot} << shift)) * kTickNs;
    }
  }
  return kNever;
}

}  // namespace myelin
