// SPDX-License-Identifier: Apache-2.0
//
// What one generation of buckets hands to the next: a header, a record for each bucket that is not full, then zeros; in
// the byte order of the machine, as it never leaves the process. Independent of the clock and of the rate: a debt is
// told in tokens. [control]
#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>

#include "token_bucket/token_bucket.h"

namespace myelin::token_bucket {
namespace {

constexpr uint64_t kFormat = 0x314254594d;  // "MYTB1"

struct Header {
  uint64_t format;
  uint64_t key_fingerprint;  // what the buckets are counted by
  HashSeed seed;
  uint64_t count;
};

struct Record {
  uint64_t hash;
  double debt;  // tokens
};

uint64_t Fingerprint(const Key& key) { return SipHash({kFormat, 0}, FormatKey(key)); }

template <class Item>
void Write(std::string& bytes, size_t offset, const Item& item) {
  std::memcpy(bytes.data() + offset, &item, sizeof(item));
}

template <class Item>
Item Read(std::string_view& bytes) {
  Item item;
  std::memcpy(&item, bytes.data(), sizeof(item));
  bytes.remove_prefix(sizeof(item));
  return item;
}

Header ReadHeader(std::string_view& bytes, const Key& key) {
  if (bytes.size() < sizeof(Header)) throw std::invalid_argument("the saved buckets are cut short");
  const Header header = Read<Header>(bytes);
  if (header.format != kFormat) throw std::invalid_argument("the saved buckets are of another version");
  if (header.key_fingerprint != Fingerprint(key)) {
    throw std::invalid_argument("the saved buckets count by another key than " + FormatKey(key));
  }
  if (bytes.size() / sizeof(Record) < header.count) {
    throw std::invalid_argument("the saved buckets are cut short");
  }
  return header;
}

}  // namespace

std::string TokenBucket::Save(uint64_t now_ns) const {
  const int64_t now = rate_.Units(now_ns);
  std::string bytes(sizeof(Header) + capacity() * sizeof(Record), '\0');
  Header header{kFormat, Fingerprint(settings_.key), seed_, 0};
  const auto add = [&](uint64_t hash, const Tat& tat) {
    const int64_t debt = tat.load(std::memory_order_relaxed) - now;
    if (debt <= 0) return;
    const Record record{hash, static_cast<double>(debt) / static_cast<double>(rate_.token())};
    Write(bytes, sizeof(Header) + header.count++ * sizeof(Record), record);
  };
  if (single_ != nullptr) add(0, *single_);
  for (size_t i = 0; table_ != nullptr && i < table_->set_count(); ++i) {
    const BucketSet& set = table_->set(i);
    for (size_t way = 0; way < BucketSet::kWays; ++way) {
      const uint64_t hash = set.keys[way].load(std::memory_order_acquire);
      if (hash != 0) add(hash, set.tats[way]);
    }
  }
  Write(bytes, 0, header);
  return bytes;
}

void TokenBucket::Load(uint64_t now_ns, std::string_view bytes) {
  const Header header = ReadHeader(bytes, settings_.key);
  seed_ = header.seed;
  const int64_t now = rate_.Units(now_ns);
  const double most = static_cast<double>(settings_.burst);
  for (uint64_t i = 0; i < header.count; ++i) {
    const auto record = Read<Record>(bytes);
    if (!(record.debt > 0)) continue;
    // No more than an empty bucket owes, or a lowered burst would lock callers out for as long as the old one lasted.
    const double debt = std::min(record.debt, most) * static_cast<double>(rate_.token());
    Tat& tat = single_ != nullptr ? *single_ : table_->Claim(record.hash, now);
    tat.store(now + std::llround(debt), std::memory_order_relaxed);
  }
}

}  // namespace myelin::token_bucket
