// SPDX-License-Identifier: Apache-2.0
//
// Options in C++: functions that write the rows of a static option table, and Options, which reads the user's values
// in a policy's constructor. The host has checked the values by then: an Integer is in its range, a Choice is one of
// its words. Values are copied out, so a policy may keep them. [control]
#ifndef MYELIN_CPP_OPTIONS_HPP
#define MYELIN_CPP_OPTIONS_HPP

#include <myelin/options.h>
#include <myelin/cpp/error.hpp>
#include <myelin/cpp/range.hpp>

#include <chrono>

namespace myelin::sdk {

// The table. Defaults and bounds are written as a user would write them; nullptr is "none". For example
//   constexpr myelin_option kOptions[] = {Integer("size", "4", "1", "1000", "Connections per endpoint."),
//                                         Required(Text("file", nullptr, "Where the keys are."))};

constexpr myelin_option Option(uint32_t type, const char* name, const char* value, const char* doc) noexcept {
  myelin_option row{};
  row.struct_size = sizeof(myelin_option);
  row.type = type;
  row.name = name;
  row.default_value = value;
  row.doc = doc;
  row.field_stride = sizeof(myelin_option);
  return row;
}

constexpr myelin_option Ranged(myelin_option row, const char* minimum, const char* maximum) noexcept {
  row.minimum = minimum;
  row.maximum = maximum;
  return row;
}

/// true or false.
constexpr myelin_option Bool(const char* name, const char* value, const char* doc) noexcept {
  return Option(MYELIN_OPTION_BOOL, name, value, doc);
}
/// A whole number, bounds inclusive.
constexpr myelin_option Integer(const char* name, const char* value, const char* minimum, const char* maximum,
                                const char* doc) noexcept {
  return Ranged(Option(MYELIN_OPTION_INTEGER, name, value, doc), minimum, maximum);
}
/// A number with or without a fraction, bounds inclusive.
constexpr myelin_option Number(const char* name, const char* value, const char* minimum, const char* maximum,
                               const char* doc) noexcept {
  return Ranged(Option(MYELIN_OPTION_NUMBER, name, value, doc), minimum, maximum);
}
/// A time such as 10s or 1h30m, bounds inclusive.
constexpr myelin_option Duration(const char* name, const char* value, const char* minimum, const char* maximum,
                                 const char* doc) noexcept {
  return Ranged(Option(MYELIN_OPTION_DURATION, name, value, doc), minimum, maximum);
}
/// An amount of bytes such as 64KiB, bounds inclusive.
constexpr myelin_option Size(const char* name, const char* value, const char* minimum, const char* maximum,
                             const char* doc) noexcept {
  return Ranged(Option(MYELIN_OPTION_SIZE, name, value, doc), minimum, maximum);
}
/// Text.
constexpr myelin_option Text(const char* name, const char* value, const char* doc) noexcept {
  return Option(MYELIN_OPTION_STRING, name, value, doc);
}
/// One word of `choices`, "reject|delay".
constexpr myelin_option Choice(const char* name, const char* value, const char* choices, const char* doc) noexcept {
  myelin_option row = Option(MYELIN_OPTION_CHOICE, name, value, doc);
  row.choices = choices;
  return row;
}
/// A map with any keys and scalar values.
constexpr myelin_option Map(const char* name, const char* doc) noexcept {
  return Option(MYELIN_OPTION_MAP, name, nullptr, doc);
}
/// A map with the keys of `fields`, a static table of its own.
template <uint32_t kCount>
constexpr myelin_option Map(const char* name, const myelin_option (&fields)[kCount], const char* doc) noexcept {
  myelin_option row = Option(MYELIN_OPTION_MAP, name, nullptr, doc);
  row.fields = fields;
  row.field_count = kCount;
  return row;
}
/// Anything; the policy checks it itself, through Node.
constexpr myelin_option Any(const char* name, const char* doc) noexcept {
  return Option(MYELIN_OPTION_ANY, name, nullptr, doc);
}
/// `row`, but the user must give it.
constexpr myelin_option Required(myelin_option row) noexcept {
  row.flags |= MYELIN_OPTION_REQUIRED;
  return row;
}
/// `row`, but a list of such values; a single value counts as a list of one.
constexpr myelin_option List(myelin_option row) noexcept {
  row.flags |= MYELIN_OPTION_LIST;
  return row;
}

/// A value of the user's configuration: a scalar, a list or a map. Not to be used after the constructor has returned.
class Node {
 public:
  Node(const myelin_options* options, const myelin_node* node) noexcept : options_(options), node_(node) {}

  /// MYELIN_NODE_…; MYELIN_NODE_NULL where nothing is.
  uint32_t Kind() const noexcept { return options_->kind(node_); }
  explicit operator bool() const noexcept { return Kind() != MYELIN_NODE_NULL; }
  /// Items of a list or entries of a map.
  uint64_t size() const noexcept { return options_->count(node_); }
  /// Item, or value of the entry, at `index`.
  Node operator[](uint64_t index) const noexcept { return {options_, options_->at(node_, index)}; }
  /// The key of the entry at `index` of a map.
  std::string Key(uint64_t index) const {
    myelin_string out{};
    Expect(options_->key_at(node_, index, &out), "a key");
    return std::string(ToView(out));
  }
  /// A scalar as the user wrote it.
  std::string Scalar() const {
    myelin_string out{};
    Expect(options_->scalar(node_, &out), "a single value");
    return std::string(ToView(out));
  }
  /// "orders.yaml:12:7", for an error message about this value; empty if the host does not know.
  std::string Origin() const {
    myelin_string out{};
    return options_->origin(node_, &out) == MYELIN_OK ? std::string(ToView(out)) : std::string();
  }

  // The values of a map, by name. A value that is not there and has no default throws.

  /// Whether `name` is given or has a default.
  bool Has(const char* name) const noexcept { return static_cast<bool>(At(name)); }
  /// The node under `name`; one of kind NULL if there is none.
  Node At(const char* name) const noexcept { return {options_, options_->get_node(node_, name)}; }
  /// An integer, as a T; throws if T cannot hold it.
  template <class T = int64_t>
  T Integer(const char* name) const {
    int64_t out = 0;
    Expect(options_->get_integer(node_, name, &out), name);
    const T narrow = static_cast<T>(out);
    if (static_cast<int64_t>(narrow) != out || (narrow < T{}) != (out < 0)) {
      throw Error(MYELIN_ERROR_INVALID, Where() + "'" + name + "' is " + std::to_string(out) + ", which is too large");
    }
    return narrow;
  }
  double Number(const char* name) const {
    double out = 0;
    Expect(options_->get_number(node_, name, &out), name);
    return out;
  }
  /// Text, a choice, or any scalar as written.
  std::string Text(const char* name) const {
    myelin_string out{};
    Expect(options_->get_string(node_, name, &out), name);
    return std::string(ToView(out));
  }
  bool Bool(const char* name) const { return Integer(name) != 0; }
  std::chrono::nanoseconds Duration(const char* name) const { return std::chrono::nanoseconds(Integer(name)); }
  uint64_t DurationNs(const char* name) const { return Integer<uint64_t>(name); }
  uint64_t Size(const char* name) const { return Integer<uint64_t>(name); }

 private:
  void Expect(int32_t code, const char* what) const {
    if (code == MYELIN_OK) return;
    throw Error(code,
                Where() + "'" + what + (code == MYELIN_ERROR_NOT_FOUND ? "' is not given" : "' has another type"));
  }

  std::string Where() const {
    const std::string origin = Origin();
    return origin.empty() ? origin : origin + ": ";
  }

  const myelin_options* options_;
  const myelin_node* node_;
};

/// The options of a policy: the map under its name, defaults filled in.
class Options : public Node {
 public:
  explicit Options(const myelin_options* options) noexcept : Node(options, options->root) {}
};

}  // namespace myelin::sdk

#endif
