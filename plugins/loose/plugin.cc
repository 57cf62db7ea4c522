// SPDX-License-Identifier: Apache-2.0
//
// The plugin `loose`: its options, and a LoosePool that all workers share.
#include <myelin/myelin.hpp>

#include <algorithm>
#include <string>

#include "loose/loose_pool.h"

namespace myelin {
namespace {

constexpr myelin_option kOptions[] = {
    sdk::Integer("size", "2", "1", "65535", "Connections to each endpoint to start with, over all workers."),
    // No default here: a `size` above it is only wrong when the user has written both.
    sdk::Integer("max_size", nullptr, "1", "65535",
                 "Connections to each endpoint at most, over all workers; 64, or `size` if that is more, if left out."),
    sdk::Integer("streams", "100", "0", "1000000",
                 "Calls that one connection carries at most; 1: exclusive connections, 0: as many as the peer allows."),
    sdk::Duration("idle", "60s", "0s", "8760h", "A connection without a call for this long is closed; 0s: never."),
    sdk::Bool("keep_warm", "true", "Whether `size` connections stay open however long they are idle."),
    sdk::Duration("max_life", "0s", "0s", "8760h",
                  "Age at which a connection retires, give or take 10 %: it finishes its calls, and another opens if "
                  "fewer than `size` are left; 0s: never."),
};

uint32_t MaxSizeOf(const sdk::Options& options, uint32_t size) {
  constexpr uint32_t kDefault = 64;
  if (!options.Has("max_size")) return std::max(size, kDefault);
  const auto max_size = static_cast<uint32_t>(options.Integer("max_size"));
  if (max_size >= size) return max_size;
  throw sdk::Error(MYELIN_ERROR_INVALID, "loose: max_size is " + std::to_string(max_size) +
                                             ", less than size, which is " + std::to_string(size));
}

LooseSettings SettingsOf(const sdk::Options& options) {
  LooseSettings settings;
  settings.size = static_cast<uint32_t>(options.Integer("size"));
  settings.max_size = MaxSizeOf(options, settings.size);
  settings.streams = static_cast<uint32_t>(options.Integer("streams"));
  settings.idle_ns = static_cast<uint64_t>(options.Integer("idle"));
  settings.keep_warm = options.Bool("keep_warm");
  settings.max_life_ns = static_cast<uint64_t>(options.Integer("max_life"));
  return settings;
}

class Loose {
 public:
  explicit Loose(const sdk::Options& options) : pool_(SettingsOf(options)) {}

  uint32_t MaxWorkers() const { return pool_.MaxWorkers(); }
  sdk::AcquireVerdict Acquire(const sdk::PoolView& view, const sdk::CallView&) const { return pool_.Acquire(view); }
  void Tick(const sdk::PoolView& view, sdk::TickCommands& commands) const { pool_.Tick(view, commands); }

 private:
  LoosePool pool_;
};

}  // namespace
}  // namespace myelin

MYELIN_LICENSED_PLUGIN("loose", "1.0.0", "Myelin", "Apache-2.0",
                       myelin::sdk::Pool<myelin::Loose>("loose", "Connections that grow and shrink with the load.",
                                                        myelin::kOptions));
