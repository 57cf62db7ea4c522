// SPDX-License-Identifier: Apache-2.0
//
// What happens to a call. See token_bucket.h for threads; saved_state.cc has the hand-over between generations.
#include "token_bucket/token_bucket.h"

#include <cstring>

namespace myelin::token_bucket {
namespace {

constexpr uint64_t kNanosecondsPerMillisecond = 1000000;

Settings Checked(const Settings& settings) {
  Check(settings);
  return settings;
}

// The address without its port. IPv4 mapped into IPv6 counts as the IPv4 address it is; other peers have none.
std::string_view PeerKey(const sdk::CallView& call) {
  static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const char* ip = reinterpret_cast<const char*>(call.PeerIp());
  if (call.PeerFamily() == MYELIN_PEER_IPV4) return {ip, 4};
  if (call.PeerFamily() != MYELIN_PEER_IPV6) return {};
  return std::memcmp(ip, kMapped, sizeof(kMapped)) == 0 ? std::string_view(ip + 12, 4) : std::string_view(ip, 16);
}

// All values of a key count, so the hash of one is the seed of the next.
uint64_t HashValues(HashSeed seed, const sdk::MetadataValues& values) {
  if (values.empty()) return SipHash(seed, {});
  uint64_t hash = 0;
  for (const std::string_view value : values) {
    hash = SipHash({seed.k0 ^ hash, seed.k1}, value);
  }
  return hash;
}

}  // namespace

TokenBucket::TokenBucket(const Settings& settings, const HashSeed& seed, uint32_t metadata_slot,
                         EvictionMetrics metrics)
    : settings_(Checked(settings)),
      rate_(settings.rate, settings.burst, settings.max_delay_ns),
      seed_(seed),
      metadata_slot_(metadata_slot),
      message_(RefusalMessage(settings)) {
  if (settings.key.source == KeySource::kProxy) {
    single_ = std::make_unique<Tat>(0);
  } else {
    table_ = std::make_unique<BucketTable>(settings.max_keys, metrics);
  }
}

uint64_t TokenBucket::Hash(const sdk::CallView& call) const {
  if (settings_.key.source == KeySource::kMethod) return SipHash(seed_, call.Path());
  if (settings_.key.source == KeySource::kPeer) return SipHash(seed_, PeerKey(call));
  return HashValues(seed_, call.Metadata(metadata_slot_));
}

sdk::AdmitVerdict TokenBucket::Admit(const sdk::CallView& call) const {
  Tat& tat = table_ == nullptr ? *single_ : table_->Claim(Hash(call), rate_.Units(call.NowNs()));
  const Charge charge = Take(tat, rate_, call.NowNs());
  if (charge.admitted)
    return charge.wait_ns == 0 ? sdk::AdmitVerdict::Admit() : sdk::AdmitVerdict::Delay(charge.wait_ns);
  const uint64_t pushback_ms = (charge.wait_ns + kNanosecondsPerMillisecond - 1) / kNanosecondsPerMillisecond;
  return sdk::AdmitVerdict::Reject(MYELIN_GRPC_RESOURCE_EXHAUSTED, message_, static_cast<int64_t>(pushback_ms));
}

}  // namespace myelin::token_bucket
