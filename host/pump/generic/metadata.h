// SPDX-License-Identifier: Apache-2.0
//
// Metadata between two grpc contexts. grpc aborts the process when it is handed a name or value that HTTP/2 forbids,
// yet its server lets some through from the wire, so every pair is checked before it goes on.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/string_ref.h>

#include <map>
#include <string_view>

#include "call/call_request.h"

namespace myelin::generic {

using MetadataMap = std::multimap<grpc::string_ref, grpc::string_ref>;

inline std::string_view View(const grpc::string_ref& text) { return {text.data(), text.size()}; }

/// Whether grpc takes this pair from us.
bool IsLegal(std::string_view key, std::string_view value);

/// Copies the request's metadata. False, having copied a part, when a pair is malformed.
bool ForwardRequest(const MetadataMap& from, grpc::ClientContext& to);
/// Copies what the upstream answered; malformed pairs are left out.
void ForwardInitial(const MetadataMap& from, grpc::ServerContextBase& to);
void ForwardTrailing(const MetadataMap& from, grpc::ServerContextBase& to);

/// What grpc says of a peer ("ipv4:127.0.0.1:4711", percent-encoded IPv6), taken apart. `text` is a view into `uri`,
/// which is decoded in place.
Peer ParsePeer(std::string& uri);

/// The request metadata of a server call, as policies and routes look it up.
class MetadataView final : public RequestMetadata {
 public:
  explicit MetadataView(const grpc::ServerContextBase& context) : context_(context) {}
  void ForEach(std::string_view key, void (*found)(void*, std::string_view), void* context) const override;

 private:
  const grpc::ServerContextBase& context_;
};

}  // namespace myelin::generic
