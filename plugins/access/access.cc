// SPDX-License-Identifier: Apache-2.0
//
// What happens to a call. [worker]
#include "access/access.h"

#include <algorithm>
#include <utility>

namespace myelin::access {
namespace {

constexpr std::string_view kAuthorization = "authorization";
constexpr std::string_view kBearer = "bearer ";
constexpr std::string_view kDenied = "permission denied for ";

bool BeginsWithIgnoringCase(std::string_view text, std::string_view lower) {
  const auto same = [](char c, char l) { return (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) == l; };
  return text.size() >= lower.size() &&
         std::equal(lower.begin(), lower.end(), text.begin(), [&](char l, char c) { return same(c, l); });
}

// The key in a header's value; empty if there is none. RFC 6750, section 2.1, for "authorization".
std::string_view PresentedKey(const Credentials& credentials, std::string_view value) {
  if (credentials.header != kAuthorization) return value;
  if (!BeginsWithIgnoringCase(value, kBearer)) return {};
  value.remove_prefix(kBearer.size());
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value;
}

std::string HowToSend(const std::string& header) {
  return header == kAuthorization ? "metadata 'authorization: Bearer KEY'" : "metadata '" + header + "'";
}

}  // namespace

Access::Access(std::optional<Credentials> with, std::vector<Rule> in_order, Action fallback)
    : credentials(std::move(with)), rules(std::move(in_order)), otherwise(fallback) {
  if (!credentials) return;
  missing_message = "missing credentials: send " + HowToSend(credentials->header);
  ambiguous_message = "ambiguous credentials: send " + HowToSend(credentials->header) + " only once";
}

sdk::AdmitVerdict Doorkeeper::Admit(const sdk::CallView& call) {
  std::string_view caller;
  if (access_.credentials) {
    const Credentials& credentials = *access_.credentials;
    const sdk::MetadataValues values = call.Metadata(credentials.slot);
    if (values.size() > 1) return sdk::AdmitVerdict::Reject(MYELIN_GRPC_UNAUTHENTICATED, access_.ambiguous_message);
    const std::string_view key = values.empty() ? std::string_view() : PresentedKey(credentials, values[0]);
    if (key.empty()) return sdk::AdmitVerdict::Reject(MYELIN_GRPC_UNAUTHENTICATED, access_.missing_message);
    const KeyRing::Match match = credentials.ring.Find(key);
    if (match.index == KeyRing::kUnknown) {
      return sdk::AdmitVerdict::Reject(MYELIN_GRPC_UNAUTHENTICATED, "unknown API key");
    }
    caller = credentials.ring.Name(match.index);
  }
  for (const Rule& rule : access_.rules) {
    if (!rule.Matches(call, caller)) continue;
    return rule.action == Action::kAllow ? sdk::AdmitVerdict::Admit() : Deny(call.Path());
  }
  return access_.otherwise == Action::kAllow ? sdk::AdmitVerdict::Admit() : Deny(call.Path());
}

// The path is the caller's: it is cut to fit, and what a log or terminal might act on is masked.
sdk::AdmitVerdict Doorkeeper::Deny(std::string_view path) {
  char* end = std::copy(kDenied.begin(), kDenied.end(), message_.data());
  const size_t room = message_.size() - kDenied.size();
  end = std::transform(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(std::min(path.size(), room)), end,
                       [](char c) { return c >= ' ' && c <= '~' ? c : '?'; });
  const std::string_view message(message_.data(), static_cast<size_t>(end - message_.data()));
  return sdk::AdmitVerdict::Reject(MYELIN_GRPC_PERMISSION_DENIED, message);
}

}  // namespace myelin::access
