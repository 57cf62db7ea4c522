// SPDX-License-Identifier: Apache-2.0
//
// The policy: finds a call's bucket, charges it, and words the answer. One instance per proxy, its buckets shared by
// all workers. Admit is [any] and takes neither lock nor memory; everything else is [control].
#pragma once

#include <cstdint>
#include <memory>
#include <myelin/cpp/limiter.hpp>
#include <string>
#include <string_view>

#include "token_bucket/bucket_table.h"
#include "token_bucket/key_hash.h"
#include "token_bucket/rate.h"
#include "token_bucket/settings.h"

namespace myelin::token_bucket {

class TokenBucket {
 public:
  /// `metadata_slot`: where calls carry settings.key.metadata; of no meaning for other keys. Throws as Check does.
  TokenBucket(const Settings& settings, const HashSeed& seed, uint32_t metadata_slot, EvictionMetrics metrics = {});

  /// Admits, delays or refuses a call at its NowNs. The message is this object's. [any]
  sdk::AdmitVerdict Admit(const sdk::CallView& call) const;

  /// What buckets owe at `now_ns`. Always of the size that all buckets need, so that it does not outgrow the buffer
  /// that a host has just made for it. Calls admitted meanwhile may be missing.
  std::string Save(uint64_t now_ns) const;
  /// Takes over what Save wrote, before the first call is admitted. Debts count in tokens, so rate and burst may have
  /// changed. Throws std::invalid_argument if the bytes are not whole or count by another key.
  void Load(uint64_t now_ns, std::string_view bytes);

  /// Buckets there is room for.
  size_t capacity() const { return table_ == nullptr ? 1 : table_->capacity(); }

 private:
  uint64_t Hash(const sdk::CallView& call) const;

  Settings settings_;
  Rate rate_;
  HashSeed seed_;
  uint32_t metadata_slot_;
  std::string message_;
  std::unique_ptr<Tat> single_;         // the bucket of KeySource::kProxy
  std::unique_ptr<BucketTable> table_;  // null for KeySource::kProxy
};

}  // namespace myelin::token_bucket
