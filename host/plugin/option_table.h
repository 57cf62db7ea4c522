// SPDX-License-Identifier: Apache-2.0
//
// A policy's declared options, walked by the stride the plugin was built with. A view into the plugin's static data,
// valid as long as the library is loaded, which is for the life of the process. Read-only, any thread.
#pragma once

#include <myelin/options.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace myelin {

class OptionTable {
 public:
  OptionTable() = default;
  OptionTable(const myelin_option* rows, uint32_t count, uint32_t stride)
      : rows_(rows), count_(count), stride_(stride) {}

  uint32_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  const myelin_option& operator[](uint32_t index) const { return *MYELIN_AT(myelin_option, rows_, stride_, index); }

  /// The row named `name`, or nullptr.
  const myelin_option* Find(std::string_view name) const;
  std::vector<std::string_view> Names() const;

 private:
  const myelin_option* rows_ = nullptr;
  uint32_t count_ = 0;
  uint32_t stride_ = sizeof(myelin_option);
};

/// The keys that a MAP option takes; empty when it takes any.
OptionTable FieldsOf(const myelin_option& option);

inline bool IsList(const myelin_option& option) { return (option.flags & MYELIN_OPTION_LIST) != 0; }
inline bool IsRequired(const myelin_option& option) { return (option.flags & MYELIN_OPTION_REQUIRED) != 0; }

/// "duration", "integer", …; "" for a type this host does not know.
std::string_view OptionTypeName(uint32_t type);

/// The words of a CHOICE option.
std::vector<std::string_view> ChoicesOf(const myelin_option& option);

}  // namespace myelin
