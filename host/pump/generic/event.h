// SPDX-License-Identifier: Apache-2.0
//
// What a completion queue's tag points to: a member function of some object, called on the worker when the operation
// is done. Embedded in the object, so starting an operation allocates nothing of ours.
#pragma once

namespace myelin::generic {

class Event {
 public:
  /// `ok` as the completion queue gave it.
  virtual void Complete(bool ok) = 0;

 protected:
  ~Event() = default;
};

template <typename Owner, void (Owner::*kHandler)(bool)>
class MemberEvent final : public Event {
 public:
  explicit MemberEvent(Owner* owner) : owner_(owner) {}
  void Complete(bool ok) override { (owner_->*kHandler)(ok); }

 private:
  Owner* owner_;
};

}  // namespace myelin::generic
