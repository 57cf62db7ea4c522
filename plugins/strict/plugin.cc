// SPDX-License-Identifier: Apache-2.0
//
// The plugin `strict`: its options, and a StrictPool that all workers share.
#include <myelin/myelin.hpp>

#include "strict/strict_pool.h"

namespace myelin {
namespace {

constexpr myelin_option kOptions[] = {
    sdk::Integer("size", "4", "1", "65535", "Connections to each endpoint, over all workers."),
    sdk::Integer("streams", "100", "0", "1000000",
                 "Calls that one connection carries at most; 1: exclusive connections, 0: as many as the peer allows."),
    sdk::Duration("idle", "0s", "0s", "8760h",
                  "A connection without a call for this long is closed, and opened again on demand; 0s: never."),
    sdk::Duration("max_life", "0s", "0s", "8760h",
                  "Age at which a connection retires, give or take 10 %: it finishes its calls while another opens; "
                  "0s: never."),
};

StrictSettings SettingsOf(const sdk::Options& options) {
  StrictSettings settings;
  settings.size = static_cast<uint32_t>(options.Integer("size"));
  settings.streams = static_cast<uint32_t>(options.Integer("streams"));
  settings.idle_ns = static_cast<uint64_t>(options.Integer("idle"));
  settings.max_life_ns = static_cast<uint64_t>(options.Integer("max_life"));
  return settings;
}

class Strict {
 public:
  explicit Strict(const sdk::Options& options) : pool_(SettingsOf(options)) {}

  uint32_t MaxWorkers() const { return pool_.MaxWorkers(); }
  sdk::AcquireVerdict Acquire(const sdk::PoolView& view, const sdk::CallView&) const { return pool_.Acquire(view); }
  void Tick(const sdk::PoolView& view, sdk::TickCommands& commands) const { pool_.Tick(view, commands); }

 private:
  StrictPool pool_;
};

}  // namespace
}  // namespace myelin

MYELIN_LICENSED_PLUGIN("strict", "1.0.0", "Myelin", "Apache-2.0",
                       myelin::sdk::Pool<myelin::Strict>("strict", "Exactly so many connections to each endpoint.",
                                                         myelin::kOptions));
