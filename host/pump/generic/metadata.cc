// SPDX-License-Identifier: Apache-2.0
#include "pump/generic/metadata.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace myelin::generic {
namespace {

bool IsNameChar(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'; }

bool IsValueChar(char c) { return c >= 0x20 && c <= 0x7e; }

std::string ToString(const grpc::string_ref& text) { return std::string(text.data(), text.size()); }

// Hop-by-hop, or set by grpc itself on the other side.
bool IsHopByHop(std::string_view key) {
  return key == "te" || key == "content-type" || key == "content-length" || key == "connection" ||
         key == "keep-alive" || key == "proxy-connection" || key == "transfer-encoding" || key == "upgrade" ||
         key == "host" || key == "user-agent";
}

void DecodePercent(std::string& text) {
  size_t out = 0;
  for (size_t in = 0; in < text.size(); ++in, ++out) {
    unsigned char byte = 0;
    const char* digits = text.data() + in + 1;
    const bool encoded =
        text[in] == '%' && in + 2 < text.size() && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
    text[out] = encoded ? static_cast<char>(byte) : text[in];
    if (encoded) in += 2;
  }
  text.resize(out);
}

}  // namespace

bool IsLegal(std::string_view key, std::string_view value) {
  if (key.empty() || !std::all_of(key.begin(), key.end(), IsNameChar)) return false;
  return key.ends_with("-bin") || std::all_of(value.begin(), value.end(), IsValueChar);
}

bool ForwardRequest(const MetadataMap& from, grpc::ClientContext& to) {
  for (const auto& [key, value] : from) {
    if (IsHopByHop(View(key))) continue;
    if (!IsLegal(View(key), View(value))) return false;
    to.AddMetadata(ToString(key), ToString(value));
  }
  return true;
}

void ForwardInitial(const MetadataMap& from, grpc::ServerContextBase& to) {
  for (const auto& [key, value] : from) {
    if (IsHopByHop(View(key)) || !IsLegal(View(key), View(value))) continue;
    to.AddInitialMetadata(ToString(key), ToString(value));
  }
}

void ForwardTrailing(const MetadataMap& from, grpc::ServerContextBase& to) {
  for (const auto& [key, value] : from) {
    if (!IsLegal(View(key), View(value))) continue;
    to.AddTrailingMetadata(ToString(key), ToString(value));
  }
}

Peer ParsePeer(std::string& uri) {
  Peer peer;
  DecodePercent(uri);
  const std::string_view text = uri;
  const size_t scheme = text.find(':');
  if (scheme == std::string_view::npos) return peer;
  peer.text = text.substr(scheme + 1);
  if (text.starts_with("unix")) {
    peer.family = MYELIN_PEER_UNIX;
    return peer;
  }
  const size_t colon = peer.text.rfind(':');
  if (colon == std::string_view::npos) return peer;
  std::from_chars(peer.text.data() + colon + 1, peer.text.data() + peer.text.size(), peer.port);
  std::string host(peer.text.substr(0, colon));
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  host = host.substr(0, host.find('%'));  // a zone
  if (::inet_pton(AF_INET, host.c_str(), peer.ip.data()) == 1) peer.family = MYELIN_PEER_IPV4;
  if (peer.family == MYELIN_PEER_UNKNOWN && ::inet_pton(AF_INET6, host.c_str(), peer.ip.data()) == 1) {
    peer.family = MYELIN_PEER_IPV6;
  }
  return peer;
}

void MetadataView::ForEach(std::string_view key, void (*found)(void*, std::string_view), void* context) const {
  const auto& metadata = context_.client_metadata();
  const auto [first, last] = metadata.equal_range(grpc::string_ref(key.data(), key.size()));
  for (auto it = first; it != last; ++it) found(context, View(it->second));
}

}  // namespace myelin::generic
