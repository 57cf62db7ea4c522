// SPDX-License-Identifier: Apache-2.0
//
// token_bucket as a plugin: its options, and the glue between the ABI and TokenBucket. One instance per proxy, shared
// by all workers.
#include <myelin/cpp/limiter.hpp>
#include <myelin/cpp/plugin.hpp>

#include "token_bucket/token_bucket.h"

namespace myelin::token_bucket {
namespace {

constexpr myelin_option kOptions[] = {
    sdk::Required(sdk::Number("rate", nullptr, "0.000001", "1000000000", "Calls per second, fractions too.")),
    sdk::Integer("burst", nullptr, "1", "1000000000",
                 "Calls that a full bucket lets pass at once. Default: a second's worth of rate, at least 1."),
    sdk::Text("key", "proxy",
              "What calls are counted by: proxy (all together), method, peer (address without port) or metadata:NAME; "
              "calls that lack NAME share a bucket."),
    sdk::Integer("max_keys", "10000", "1", "1000000",
                 "Keys remembered at once, 16 bytes each; beyond, the key that has been idle longest makes room. Twice "
                 "the keys that are active together is a good choice."),
    sdk::Duration(
        "delay", "0s", "0s", "1h",
        "Hold a call up to this long until it is within the rate, and refuse it only then; 0s: refuse at once."),
};

std::invalid_argument Explain(const sdk::Options& options, const char* name, const std::invalid_argument& error) {
  return std::invalid_argument(options.At(name).Origin() + ": " + name + ": " + error.what());
}

Settings ReadSettings(const sdk::Options& options) {
  Settings settings;
  settings.rate = options.Number("rate");
  settings.burst = options.Has("burst") ? static_cast<uint64_t>(options.Integer("burst")) : DefaultBurst(settings.rate);
  settings.max_keys = static_cast<uint64_t>(options.Integer("max_keys"));
  settings.max_delay_ns = static_cast<uint64_t>(options.Integer("delay"));
  try {
    settings.key = ParseKey(options.Text("key"));
  } catch (const std::invalid_argument& error) {
    throw Explain(options, "key", error);
  }
  try {
    Check(settings);
  } catch (const std::invalid_argument& error) {
    throw Explain(options, "rate", error);
  }
  return settings;
}

uint32_t Slot(const sdk::Host& host, const Key& key) {
  return key.source == KeySource::kMetadata ? host.WantMetadata(key.metadata) : 0;
}

EvictionMetrics Metrics(const sdk::Host& host) {
  return {host.AddCounter("keys_evicted", "Keys that made room for another."),
          host.AddCounter("keys_evicted_early",
                          "Keys that made room for another before their bucket was full again: max_keys is too low.")};
}

class Plugin {
 public:
  Plugin(const sdk::Host& host, const sdk::Options& options) : Plugin(host, ReadSettings(options)) {}

  sdk::AdmitVerdict Admit(const sdk::CallView& call) const { return policy_.Admit(call); }
  std::string Save() const { return policy_.Save(host_.NowNs()); }
  void Load(std::string_view bytes) { policy_.Load(host_.NowNs(), bytes); }

 private:
  Plugin(const sdk::Host& host, const Settings& settings)
      : host_(host), policy_(settings, RandomSeed(), Slot(host, settings.key), Metrics(host)) {}

  sdk::Host host_;
  TokenBucket policy_;
};

}  // namespace
}  // namespace myelin::token_bucket

MYELIN_LICENSED_PLUGIN("token_bucket", "1.0.0", "Myelin", "Apache-2.0",
                       myelin::sdk::Limiter<myelin::token_bucket::Plugin>(
                           "token_bucket", "Limits the rate of calls, per proxy, method, peer or metadata value.",
                           myelin::token_bucket::kOptions));
