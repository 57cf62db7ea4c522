// SPDX-License-Identifier: Apache-2.0
//
// Checks what the option table cannot say, and the words for it. [control]
#include "token_bucket/settings.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "token_bucket/rate.h"

namespace myelin::token_bucket {
namespace {

constexpr std::string_view kMetadataPrefix = "metadata:";

bool IsMetadataCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.10g", value);
  return text;
}

std::string ParseMetadataName(std::string_view text) {
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (name.empty() || !std::all_of(name.begin(), name.end(), IsMetadataCharacter)) {
    throw std::invalid_argument("'" + name + "' is not a metadata key: letters, digits, '-', '_' and '.' are accepted");
  }
  return name;
}

}  // namespace

Key ParseKey(std::string_view text) {
  if (text == "proxy") return {KeySource::kProxy, {}};
  if (text == "method") return {KeySource::kMethod, {}};
  if (text == "peer") return {KeySource::kPeer, {}};
  if (text.substr(0, kMetadataPrefix.size()) == kMetadataPrefix) {
    return {KeySource::kMetadata, ParseMetadataName(text.substr(kMetadataPrefix.size()))};
  }
  throw std::invalid_argument("'" + std::string(text) +
                              "' is not a key; proxy, method, peer or metadata:NAME is accepted");
}

std::string FormatKey(const Key& key) {
  switch (key.source) {
    case KeySource::kMethod:
      return "method";
    case KeySource::kPeer:
      return "peer";
    case KeySource::kMetadata:
      return std::string(kMetadataPrefix) + key.metadata;
    case KeySource::kProxy:
      break;
  }
  return "proxy";
}

uint64_t DefaultBurst(double rate) { return rate < 1 ? 1 : static_cast<uint64_t>(rate); }

void Check(const Settings& settings) {
  if (!(settings.rate > 0)) {
    throw std::invalid_argument("rate " + Number(settings.rate) + " is not a number of calls per second above 0");
  }
  if (static_cast<double>(settings.burst) / settings.rate > Rate::kMaxSpanSeconds) {
    throw std::invalid_argument("a burst of " + std::to_string(settings.burst) + " at " + Number(settings.rate) +
                                " calls/s takes more than 31 years to come back; lower burst or raise rate");
  }
}

std::string RefusalMessage(const Settings& settings) {
  std::string text =
      "rate limit: " + Number(settings.rate) + " calls/s with a burst of " + std::to_string(settings.burst);
  switch (settings.key.source) {
    case KeySource::kMethod:
      text += " for this method";
      break;
    case KeySource::kPeer:
      text += " for this peer";
      break;
    case KeySource::kMetadata:
      text += " for " + settings.key.metadata;
      break;
    case KeySource::kProxy:
      break;
  }
  return text + " exceeded";
}

}  // namespace myelin::token_bucket
