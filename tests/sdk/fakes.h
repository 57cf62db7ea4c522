// SPDX-License-Identifier: Apache-2.0
//
// A host for policies under test: services that write down what they were asked, options from a map, snapshots and
// calls laid out as a later host would, with elements larger than this SDK knows them. One thread.
#pragma once

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <myelin/myelin.hpp>

namespace myelin {

/// A caller's error buffer.
struct ErrorBuffer {
  explicit ErrorBuffer(size_t capacity = 256) : text(capacity, '#') {
    error = {sizeof(error), 0, text.data(), capacity, 0};
  }
  std::string Message() const { return text.substr(0, error.size); }

  std::string text;
  myelin_error error;
};

class FakeHost {
 public:
  FakeHost() {
    host_.struct_size = sizeof(host_);
    host_.context = this;
    host_.proxy = {"orders", 6};
    host_.worker_count = 2;
    host_.log = [](void* self, uint32_t, const char* text, uint64_t size) { Of(self).logged.emplace_back(text, size); };
    host_.now_ns = [](void*) -> uint64_t { return 42; };
    host_.want_metadata = [](void* self, const char* key, uint64_t size, uint32_t* slot) -> int32_t {
      if (std::string_view(key, size) == "refused") return MYELIN_ERROR_UNSUPPORTED;
      *slot = static_cast<uint32_t>(Of(self).wanted.size());
      Of(self).wanted.emplace_back(key, size);
      return MYELIN_OK;
    };
    host_.start_timer = [](void* self, uint64_t every_ns, void (*function)(void*), void* argument, uint64_t* timer) {
      *timer = 7;
      Of(self).interval_ns = every_ns;
      Of(self).fire = [function, argument] { function(argument); };
      return int32_t{every_ns == 0 ? MYELIN_ERROR_INVALID : MYELIN_OK};
    };
    host_.stop_timer = [](void* self, uint64_t timer) { Of(self).stopped.push_back(timer); };
    host_.add_metric = [](void* self, uint32_t, const char*, const char*, uint64_t** out) -> int32_t {
      *out = &Of(self).cell;
      return MYELIN_OK;
    };
  }

  const myelin_host* raw() const { return &host_; }

  std::vector<std::string> logged;
  std::vector<std::string> wanted;
  std::vector<uint64_t> stopped;
  std::function<void()> fire;
  uint64_t interval_ns = 0;
  uint64_t cell = 0;

 private:
  static FakeHost& Of(void* self) { return *static_cast<FakeHost*>(self); }

  myelin_host host_{};
};

}  // namespace myelin

/// A node of the fake configuration: a text, or a map of nodes.
struct myelin_node {
  std::string text;
  std::map<std::string, myelin_node> map;
};

namespace myelin {

/// Options of a map of texts.
class FakeOptions {
 public:
  explicit FakeOptions(std::map<std::string, myelin_node> values = {}) : root_{"", std::move(values)} {
    options_.struct_size = sizeof(options_);
    options_.root = &root_;
    options_.get_integer = [](const myelin_node* map, const char* name, int64_t* out) -> int32_t {
      const myelin_node* node = Find(map, name);
      if (node == nullptr) return MYELIN_ERROR_NOT_FOUND;
      if (node->text.find_first_not_of("-0123456789") != std::string::npos) return MYELIN_ERROR_TYPE;
      *out = std::stoll(node->text);
      return MYELIN_OK;
    };
    options_.get_number = [](const myelin_node* map, const char* name, double* out) -> int32_t {
      const myelin_node* node = Find(map, name);
      if (node == nullptr) return MYELIN_ERROR_NOT_FOUND;
      *out = std::stod(node->text);
      return MYELIN_OK;
    };
    options_.get_string = [](const myelin_node* map, const char* name, myelin_string* out) -> int32_t {
      const myelin_node* node = Find(map, name);
      if (node == nullptr) return MYELIN_ERROR_NOT_FOUND;
      *out = {node->text.data(), node->text.size()};
      return MYELIN_OK;
    };
    SetNodes();
  }

  const myelin_options* raw() const { return &options_; }

 private:
  static const myelin_node* Find(const myelin_node* map, const char* name) {
    const auto found = map->map.find(name);
    return found == map->map.end() ? nullptr : &found->second;
  }

  void SetNodes() {
    options_.get_node = &Find;
    options_.kind = [](const myelin_node* node) -> uint32_t {
      if (node == nullptr) return MYELIN_NODE_NULL;
      return node->map.empty() ? MYELIN_NODE_SCALAR : MYELIN_NODE_MAP;
    };
    options_.count = [](const myelin_node* node) -> uint64_t { return node->map.size(); };
    options_.at = [](const myelin_node* node, uint64_t index) -> const myelin_node* {
      return index < node->map.size() ? &std::next(node->map.begin(), static_cast<long>(index))->second : nullptr;
    };
    options_.key_at = [](const myelin_node* node, uint64_t index, myelin_string* out) -> int32_t {
      if (index >= node->map.size()) return MYELIN_ERROR_NOT_FOUND;
      const std::string& key = std::next(node->map.begin(), static_cast<long>(index))->first;
      *out = {key.data(), key.size()};
      return MYELIN_OK;
    };
    options_.scalar = [](const myelin_node* node, myelin_string* out) -> int32_t {
      if (node == nullptr || !node->map.empty()) return MYELIN_ERROR_TYPE;
      *out = {node->text.data(), node->text.size()};
      return MYELIN_OK;
    };
    options_.origin = [](const myelin_node*, myelin_string* out) -> int32_t {
      *out = {"orders.yaml:12:7", 16};
      return MYELIN_OK;
    };
  }

  myelin_node root_;
  myelin_options options_{};
};

/// An element as a later host lays it out: what this SDK knows, and more behind it.
template <class Item>
struct Later {
  Item item{};
  uint64_t unknown[3] = {~0ull, ~0ull, ~0ull};
};

/// A snapshot of endpoints with weights 1, 2, 3 … and ids 101, 102, 103 …
class FakeSnapshot {
 public:
  explicit FakeSnapshot(uint32_t count) : endpoints_(count) {
    for (uint32_t i = 0; i < count; ++i) {
      endpoints_[i].item.struct_size = sizeof(endpoints_[i]);
      endpoints_[i].item.weight = i + 1;
      endpoints_[i].item.id = 101 + i;
      endpoints_[i].item.address = {"10.0.0.1:50051", 14};
      endpoints_[i].item.cell = &cell;
    }
    snapshot.struct_size = sizeof(snapshot);
    snapshot.endpoint_count = count;
    snapshot.endpoint_stride = sizeof(Later<myelin_endpoint>);
    snapshot.endpoints = &endpoints_[0].item;
    snapshot.version = 5;
  }

  myelin_snapshot snapshot{};
  myelin_endpoint_cell cell{};

 private:
  std::vector<Later<myelin_endpoint>> endpoints_;
};

/// The row of policy `name` in the plugin under test, policies.cc.
inline const myelin_policy& PolicyNamed(std::string_view name) {
  const myelin_plugin& plugin = *myelin_plugin_v1();
  for (uint32_t i = 0; i < plugin.policy_count; ++i) {
    const myelin_policy& policy = *MYELIN_AT(myelin_policy, plugin.policies, plugin.policy_stride, i);
    if (policy.name == name) return policy;
  }
  throw std::invalid_argument("no policy " + std::string(name));
}

/// The functions of policy `name`: a myelin_balancer, myelin_pool or myelin_limiter.
template <class Functions>
const Functions& FunctionsOf(std::string_view name) {
  return *static_cast<const Functions*>(PolicyNamed(name).functions);
}

}  // namespace myelin
