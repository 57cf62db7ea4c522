// SPDX-License-Identifier: Apache-2.0
#include "config/endpoint_text.h"

#include "config/address.h"
#include "config/reader.h"

namespace myelin {
namespace {

constexpr std::string_view kAccepted =
    "host:port#weight, or a map with address, weight, priority, locality and metadata";

bool CheckEndpointAddress(std::string_view text, const std::string& path, const Origin& origin,
                          Diagnostics& diagnostics) {
  std::string problem;
  if (ParseAddress(text, AddressUse::kConnect, problem)) return true;
  diagnostics.Error(origin, WrongValue(path, text, problem, AcceptedAddress(AddressUse::kConnect)));
  return false;
}

std::optional<EndpointConfig> ReadShort(const Node& node, const std::string& path, Diagnostics& diagnostics) {
  EndpointConfig endpoint;
  endpoint.origin = node.origin;
  const auto [address, weight] = SplitWeight(node.scalar);
  endpoint.address = std::string(address);
  const bool has_weight = address.size() < node.scalar.size();
  if (has_weight) {
    const std::optional<uint32_t> read = CheckWhole(weight, path + ".weight", node.origin, 0, kMaxWeight, diagnostics);
    if (!read) return std::nullopt;
    endpoint.weight = *read;
  }
  if (!CheckEndpointAddress(address, path, node.origin, diagnostics)) return std::nullopt;
  return endpoint;
}

std::optional<EndpointConfig> ReadLong(MapReader& map, const Node& node, Diagnostics& diagnostics) {
  EndpointConfig endpoint;
  endpoint.origin = node.origin;
  endpoint.address = map.Text("address", "");
  endpoint.weight = map.Whole("weight", endpoint.weight, 0, kMaxWeight);
  endpoint.priority = map.Whole("priority", endpoint.priority, 0, kMaxPriority);
  endpoint.locality = map.Text("locality", "");
  endpoint.metadata = map.TextMap("metadata");
  map.Finish();
  const Node* address = node.Find("address");
  if (address == nullptr) {
    diagnostics.Error(node.origin, map.Path("address") +
                                       " is missing; accepted: " + std::string(AcceptedAddress(AddressUse::kConnect)));
    return std::nullopt;
  }
  if (!address->IsScalar()) return std::nullopt;
  if (!SplitWeight(endpoint.address).second.empty()) {
    diagnostics.Error(address->origin, WrongValue(map.Path("address"), endpoint.address, "holds a weight",
                                                  "the weight beside it, as `weight: 10`"));
    return std::nullopt;
  }
  if (!CheckEndpointAddress(endpoint.address, map.Path("address"), address->origin, diagnostics)) return std::nullopt;
  return endpoint;
}

Node ShortToLong(const EndpointConfig& endpoint, bool has_weight) {
  Node node = Node::Map(endpoint.origin);
  node.Set("address", Node::Scalar(endpoint.address, endpoint.origin));
  node.Set("weight", Node::Scalar(std::to_string(endpoint.weight), has_weight ? endpoint.origin : DefaultOrigin()));
  node.Set("priority", Node::Scalar(std::to_string(endpoint.priority), DefaultOrigin()));
  node.Set("locality", Node::Scalar(endpoint.locality, DefaultOrigin()));
  return node;
}

}  // namespace

std::pair<std::string_view, std::string_view> SplitWeight(std::string_view text) {
  const size_t hash = text.rfind('#');
  if (hash == std::string_view::npos) return {text, {}};
  return {text.substr(0, hash), text.substr(hash + 1)};
}

std::optional<EndpointConfig> ReadEndpoint(const Node& node, const std::string& path, Diagnostics& diagnostics,
                                           Node& effective) {
  if (node.IsMap()) {
    MapReader map(&node, path, diagnostics);
    std::optional<EndpointConfig> endpoint = ReadLong(map, node, diagnostics);
    effective = map.TakeEffective();
    return endpoint;
  }
  if (ExpectScalar(node, path, kAccepted, diagnostics) == nullptr) return std::nullopt;
  std::optional<EndpointConfig> endpoint = ReadShort(node, path, diagnostics);
  if (endpoint) effective = ShortToLong(*endpoint, node.scalar.find('#') != std::string::npos);
  return endpoint;
}

}  // namespace myelin
