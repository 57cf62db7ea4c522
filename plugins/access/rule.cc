// SPDX-License-Identifier: Apache-2.0
//
// How a rule looks at a call. [any]
#include "access/rule.h"

#include <algorithm>

namespace myelin::access {
namespace {

bool AnyMatches(const std::vector<Glob>& globs, std::string_view text) {
  return std::any_of(globs.begin(), globs.end(), [text](const Glob& glob) { return glob.Matches(text); });
}

bool MetadataMatches(const MetadataCondition& condition, Action action, const sdk::CallView& call) {
  const sdk::MetadataValues values = call.Metadata(condition.slot);
  const bool wanted = action == Action::kDeny;
  // A deny rule looks for a value that matches, an allow rule for one that does not.
  for (const std::string_view value : values) {
    if (condition.value.Matches(value) == wanted) return wanted;
  }
  return !values.empty() && !wanted;
}

bool PeerMatches(const std::vector<Cidr>& blocks, const sdk::CallView& call) {
  const auto address = PeerAddress(call);
  return address &&
         std::any_of(blocks.begin(), blocks.end(), [&](const Cidr& cidr) { return cidr.Contains(*address); });
}

}  // namespace

bool Rule::Matches(const sdk::CallView& call, std::string_view caller) const {
  if (!methods.empty() && !AnyMatches(methods, call.Path())) return false;
  if (!services.empty() && !AnyMatches(services, call.Service())) return false;
  if (!keys.empty() && std::find(keys.begin(), keys.end(), caller) == keys.end()) return false;
  if (!peers.empty() && !PeerMatches(peers, call)) return false;
  return std::all_of(metadata.begin(), metadata.end(),
                     [&](const MetadataCondition& condition) { return MetadataMatches(condition, action, call); });
}

}  // namespace myelin::access
