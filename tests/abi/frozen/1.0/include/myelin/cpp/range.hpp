// SPDX-License-Identifier: Apache-2.0
//
// Text and arrays of the ABI as C++ sees them: string_view over a myelin_string, and a range over an array with a
// stride. Both borrow the host's memory and cost what a pointer costs. Any thread.
#ifndef MYELIN_CPP_RANGE_HPP
#define MYELIN_CPP_RANGE_HPP

#include <myelin/types.h>

#include <cstddef>
#include <iterator>
#include <string_view>

namespace myelin::sdk {

/// The text of `string`, borrowed.
inline std::string_view ToView(const myelin_string& string) noexcept {
  return {string.data, static_cast<size_t>(string.size)};
}

/// `view` as the ABI writes text, borrowed.
inline myelin_string ToString(std::string_view view) noexcept { return {view.data(), view.size()}; }

/// The `count` elements of an array that steps by `stride`, each shown as a `View` made of a `const Item&`.
template <class Item, class View = const Item&>
class StridedRange {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = View;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = View;

    Iterator(const Item* items, uint32_t stride, uint32_t index) noexcept
        : items_(items), stride_(stride), index_(index) {}

    View operator*() const noexcept { return View(*MYELIN_AT(Item, items_, stride_, index_)); }
    Iterator& operator++() noexcept { return ++index_, *this; }
    Iterator operator++(int) noexcept { return {items_, stride_, index_++}; }
    bool operator==(const Iterator& other) const noexcept { return index_ == other.index_; }
    bool operator!=(const Iterator& other) const noexcept { return index_ != other.index_; }

   private:
    const Item* items_;
    uint32_t stride_;
    uint32_t index_;
  };

  StridedRange(const Item* items, uint32_t count, uint32_t stride) noexcept
      : items_(items), count_(count), stride_(stride) {}

  uint32_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }

  /// Element `index`, which must be less than size().
  View operator[](uint32_t index) const noexcept { return View(*MYELIN_AT(Item, items_, stride_, index)); }

  Iterator begin() const noexcept { return {items_, stride_, 0}; }
  Iterator end() const noexcept { return {items_, stride_, count_}; }

 private:
  const Item* items_;
  uint32_t count_;
  uint32_t stride_;
};

}  // namespace myelin::sdk

#endif
