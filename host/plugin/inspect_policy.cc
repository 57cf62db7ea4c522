// SPDX-License-Identifier: Apache-2.0
#include "plugin/inspect_policy.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "plugin/table_check.h"
#include "plugin/vtable.h"

namespace myelin {
namespace {

std::string Quoted(std::string_view word) { return "'" + std::string(word) + "'"; }

// The table's size is read before anything else of it is believed.
std::string CheckTableSize(const void* functions) {
  if (functions == nullptr) return "has no function table";
  uint32_t size = 0;
  std::memcpy(&size, functions, sizeof(size));
  if (size % sizeof(void*) != 0 || size < 2 * sizeof(void*) || size > kMaxStride) {
    return "has a function table with struct_size " + std::to_string(size) + ", which should be its sizeof";
  }
  return "";
}

std::string Missing(const char* function) {
  return "has no " + std::string(function) + " function, which every policy of its kind needs";
}

std::string FillBalancer(const void* functions, PolicyHandle& handle) {
  myelin_balancer table = CopyBalancer(functions);
  if (table.create == nullptr) return Missing("create");
  if (table.pick == nullptr) return Missing("pick");
  handle.has_done = table.done != nullptr;
  handle.has_shard = table.create_shard != nullptr;
  FillGaps(table);
  handle.functions = table;
  return "";
}

std::string FillPool(const void* functions, PolicyHandle& handle) {
  myelin_pool table = CopyPool(functions);
  if (table.create == nullptr) return Missing("create");
  if (table.acquire == nullptr) return Missing("acquire");
  handle.has_tick = table.tick != nullptr;
  handle.has_shard = table.create_shard != nullptr;
  FillGaps(table);
  handle.functions = table;
  return "";
}

std::string FillLimiter(const void* functions, PolicyHandle& handle) {
  myelin_limiter table = CopyLimiter(functions);
  if (table.create == nullptr) return Missing("create");
  if (table.admit == nullptr) return Missing("admit");
  handle.has_done = table.done != nullptr;
  handle.has_shard = table.create_shard != nullptr;
  FillGaps(table);
  handle.functions = table;
  return "";
}

std::string FillFunctions(const void* functions, PolicyHandle& handle) {
  if (std::string fault = CheckTableSize(functions); !fault.empty()) return fault;
  switch (handle.kind) {
    case PolicyKind::kBalancer:
      return FillBalancer(functions, handle);
    case PolicyKind::kPool:
      return FillPool(functions, handle);
    case PolicyKind::kLimiter:
      return FillLimiter(functions, handle);
  }
  return "";
}

}  // namespace

std::string AddPolicy(const myelin_policy& policy, uint32_t index, Plugin& plugin) {
  const std::string number = "its policy " + std::to_string(index + 1);
  if (policy.interface_id == nullptr) return number + " has no interface_id";
  if (policy.name == nullptr) return number + " has no name";
  if (!IsPolicyWord(policy.name)) {
    return number + " is named " + Quoted(policy.name) + ", which is not lower-case words joined by '_'";
  }
  const std::string named = "its policy " + Quoted(policy.name);
  const auto kind = PolicyKindOf(policy.interface_id);
  if (!kind) {
    plugin.warnings.push_back(plugin.file + ": " + named +
                              " is built for a newer host: this one does not know the interface " +
                              Quoted(policy.interface_id) + "; the policy is left out");
    return "";
  }
  if (plugin.Find(*kind, policy.name) != nullptr) {
    return "it holds two " + std::string(PolicyKindName(*kind)) + "s named " + Quoted(policy.name);
  }
  auto handle = std::make_unique<PolicyHandle>();
  handle->kind = *kind;
  handle->name = policy.name;
  handle->doc = policy.doc != nullptr ? policy.doc : "";
  handle->file = plugin.file;
  handle->plugin_name = plugin.name;
  handle->plugin_version = plugin.version;
  if (std::string fault = FillFunctions(policy.functions, *handle); !fault.empty()) return named + " " + fault;
  if (std::string fault = CheckOptionTable(policy.options, policy.option_count, policy.option_stride); !fault.empty()) {
    return named + " has a faulty option table: " + fault;
  }
  handle->options = OptionTable(policy.options, policy.option_count, policy.option_stride);
  plugin.policies.push_back(std::move(handle));
  return "";
}

}  // namespace myelin
