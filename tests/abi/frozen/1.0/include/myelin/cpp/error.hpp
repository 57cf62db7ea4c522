// SPDX-License-Identifier: Apache-2.0
//
// How a policy written in C++ fails: it throws, and the trampolines turn what they catch into a code and a sentence.
// No exception crosses the edge of a plugin. [control] only; on the way of a call answer a verdict instead.
#ifndef MYELIN_CPP_ERROR_HPP
#define MYELIN_CPP_ERROR_HPP

#include <myelin/status.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

namespace myelin::sdk {

/// An error with one of the ABI's codes. Other exceptions work too: std::invalid_argument counts as
/// MYELIN_ERROR_INVALID, std::bad_alloc as MYELIN_ERROR_NO_MEMORY, the rest as MYELIN_ERROR_INTERNAL.
class Error : public std::runtime_error {
 public:
  Error(int32_t code, const std::string& message) : std::runtime_error(message), code_(code) {}

  /// MYELIN_ERROR_….
  int32_t code() const noexcept { return code_; }

 private:
  int32_t code_;
};

namespace detail {

/// What a worker hook answers when it caught an exception: no verdict, so the host counts a strike and falls back.
constexpr uint32_t kNoVerdict = UINT32_MAX;

/// Writes `message`, cut where it has to be between two characters, and answers `code`.
inline int32_t Report(myelin_error* error, int32_t code, std::string_view message) noexcept {
  if (error == nullptr || !MYELIN_HAS(error, myelin_error, size)) return code;
  size_t size = std::min(message.size(), static_cast<size_t>(error->capacity));
  while (size > 0 && size < message.size() && (static_cast<unsigned char>(message[size]) & 0xC0u) == 0x80u) --size;
  if (size > 0) std::memcpy(error->message, message.data(), size);
  error->size = size;
  return code;
}

/// Runs `body`. Answers MYELIN_OK, or reports what it threw.
template <class Body>
int32_t Guard(myelin_error* error, Body&& body) noexcept {
  try {
    body();
    return MYELIN_OK;
  } catch (const Error& caught) {
    return Report(error, caught.code() == MYELIN_OK ? MYELIN_ERROR_INTERNAL : caught.code(), caught.what());
  } catch (const std::bad_alloc&) {
    return Report(error, MYELIN_ERROR_NO_MEMORY, "out of memory");
  } catch (const std::invalid_argument& caught) {
    return Report(error, MYELIN_ERROR_INVALID, caught.what());
  } catch (const std::exception& caught) {
    return Report(error, MYELIN_ERROR_INTERNAL, caught.what());
  } catch (...) {
    return Report(error, MYELIN_ERROR_INTERNAL, "an exception that is not a std::exception");
  }
}

}  // namespace detail

}  // namespace myelin::sdk

#endif
