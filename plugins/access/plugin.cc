// SPDX-License-Identifier: Apache-2.0
//
// access as a plugin: the glue between the ABI and Access. One instance per proxy, a Doorkeeper per worker.
#include <memory>
#include <myelin/cpp/limiter.hpp>
#include <myelin/cpp/plugin.hpp>

#include "access/access_options.h"

namespace myelin::access {
namespace {

class Plugin {
 public:
  Plugin(const sdk::Host& host, const sdk::Options& options) : access_(ReadAccess(host, options)) {}

  std::unique_ptr<Doorkeeper> MakeShard(uint32_t) const { return std::make_unique<Doorkeeper>(access_); }

 private:
  Access access_;
};

}  // namespace
}  // namespace myelin::access

MYELIN_LICENSED_PLUGIN("access", "1.0.0", "Myelin", "Apache-2.0",
                       myelin::sdk::Limiter<myelin::access::Plugin, myelin::sdk::OnFailure::kRefuse>(
                           "access", "Admits calls by API key, method, metadata and peer address.",
                           myelin::access::kOptions));
