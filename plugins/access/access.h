// SPDX-License-Identifier: Apache-2.0
//
// The policy: who is calling, and may they? An Access is immutable and shared by all workers; each worker's shard is a
// Doorkeeper, which has a buffer of its own to word its answers in. [worker] for Admit, [control] for the rest.
#pragma once

#include <array>
#include <myelin/cpp/limiter.hpp>
#include <optional>
#include <string>
#include <vector>

#include "access/key_ring.h"
#include "access/rule.h"

namespace myelin::access {

/// Where callers put their API key.
struct Credentials {
  KeyRing ring;
  std::string header;  // "authorization": the value is "Bearer KEY"; any other: the key itself
  uint32_t slot;
};

struct Access {
  /// `fallback` is what happens to calls that no rule matches.
  Access(std::optional<Credentials> with, std::vector<Rule> in_order, Action fallback);

  std::optional<Credentials> credentials;  // none: callers need none
  std::vector<Rule> rules;                 // the first that matches decides
  Action otherwise;
  std::string missing_message;
  std::string ambiguous_message;
};

class Doorkeeper {
 public:
  /// `access` outlives it.
  explicit Doorkeeper(const Access& access) : access_(access) {}

  /// UNAUTHENTICATED unless the call carries one known API key, where keys are asked for; then PERMISSION_DENIED or
  /// admitted as the rules say. Messages are valid until the next call.
  sdk::AdmitVerdict Admit(const sdk::CallView& call);

 private:
  sdk::AdmitVerdict Deny(std::string_view path);

  const Access& access_;
  std::array<char, 320> message_;
};

}  // namespace myelin::access
