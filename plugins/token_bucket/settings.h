// SPDX-License-Identifier: Apache-2.0
//
// What the user asked of a token bucket, checked. Made once by `create` [control]; plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace myelin::token_bucket {

/// What a call is counted by.
enum class KeySource { kProxy, kMethod, kPeer, kMetadata };

struct Key {
  KeySource source = KeySource::kProxy;
  std::string metadata;  // kMetadata: the key, lower case
};

struct Settings {
  double rate = 1;     // calls per second
  uint64_t burst = 1;  // calls
  Key key;
  uint64_t max_keys = 10000;
  uint64_t max_delay_ns = 0;  // 0: refuse at once
};

/// Reads `proxy`, `method`, `peer` or `metadata:NAME`. Throws std::invalid_argument with a sentence.
Key ParseKey(std::string_view text);

/// `key` as ParseKey reads it.
std::string FormatKey(const Key& key);

/// The burst where the user gave none: a second's worth of calls, at least 1.
uint64_t DefaultBurst(double rate);

/// Throws std::invalid_argument with a sentence if rate and burst cannot be kept together.
void Check(const Settings& settings);

/// What a refused caller is told: "rate limit: 1000 calls/s with a burst of 200 for x-tenant exceeded".
std::string RefusalMessage(const Settings& settings);

}  // namespace myelin::token_bucket
