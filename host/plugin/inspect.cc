// SPDX-License-Identifier: Apache-2.0
#include "plugin/inspect.h"

#include <cstddef>
#include <cstdio>
#include <utility>

#include "plugin/inspect_policy.h"
#include "plugin/table_check.h"

namespace myelin {
namespace {

constexpr uint32_t kMaxPolicies = 256;
constexpr uint32_t kMaxMajorProbed = 32;

// How far the structs reached in ABI 1.0; later minors may only add behind it.
constexpr uint32_t kPluginSize = offsetof(myelin_plugin, policy_stride) + sizeof(myelin_plugin::policy_stride);
constexpr uint32_t kPolicySize = offsetof(myelin_policy, option_stride) + sizeof(myelin_policy::option_stride);

std::string Number(uint64_t number) { return std::to_string(number); }

std::string Hex(uint64_t number) {
  char text[24];
  std::snprintf(text, sizeof(text), "0x%016llx", static_cast<unsigned long long>(number));
  return text;
}

std::string HostAbi() { return Number(MYELIN_ABI_MAJOR) + "." + Number(MYELIN_ABI_MINOR); }

std::string OtherMajor(const Library& library) {
  for (uint32_t major = 1; major <= kMaxMajorProbed; ++major) {
    const std::string symbol = "myelin_plugin_v" + Number(major);
    if (library.Symbol(symbol.c_str()) == nullptr) continue;
    return " is built for plugin ABI " + Number(major) + " (it exports " + symbol + "), this host speaks ABI " +
           HostAbi() + ": build it against SDK " + Number(MYELIN_ABI_MAJOR) + ".x";
  }
  return "";
}

// Everything about the entry but its policies.
std::string CheckEntry(const myelin_plugin* entry) {
  if (entry == nullptr) return " is not a usable Myelin plugin: its " MYELIN_ENTRY_SYMBOL " answers NULL";
  if (entry->magic != MYELIN_MAGIC) {
    return " is not a Myelin plugin: its magic is " + Hex(entry->magic) + ", it should be MYELIN_MAGIC, " +
           Hex(MYELIN_MAGIC);
  }
  if (entry->struct_size < kPluginSize) {
    return " is broken: struct_size of its myelin_plugin is " + Number(entry->struct_size) +
           ", it should be at least " + Number(kPluginSize) + "; set it to sizeof(myelin_plugin)";
  }
  if (entry->abi_major != MYELIN_ABI_MAJOR) {
    return " is built for plugin ABI " + Number(entry->abi_major) + "." + Number(entry->abi_minor) +
           ", this host speaks ABI " + HostAbi() + ": build it against SDK " + Number(MYELIN_ABI_MAJOR) + ".x";
  }
  if (entry->abi_minor_needed > MYELIN_ABI_MINOR) {
    return " needs a host with plugin ABI " + Number(entry->abi_major) + "." + Number(entry->abi_minor_needed) +
           " or newer, this one has " + HostAbi() + ": upgrade myelin, or build the plugin to need less";
  }
  return "";
}

std::string CheckEntryContents(const myelin_plugin& entry) {
  const std::pair<const char*, const char*> texts[] = {
      {"name", entry.name}, {"version", entry.version}, {"vendor", entry.vendor}};
  for (const auto& [field, text] : texts) {
    if (text == nullptr || *text == '\0') return " is broken: its " + std::string(field) + " is missing";
  }
  if (entry.policy_count == 0) return " holds no policies";
  if (entry.policies == nullptr) return " is broken: its policies are NULL but policy_count says there are some";
  if (entry.policy_count > kMaxPolicies) {
    return " is broken: its policy_count is " + Number(entry.policy_count) + ", at most " + Number(kMaxPolicies) +
           " will do";
  }
  if (entry.policy_stride < kPolicySize || entry.policy_stride > kMaxStride ||
      entry.policy_stride % alignof(myelin_policy) != 0) {
    return " is broken: its policy_stride is " + Number(entry.policy_stride) +
           ", it should be sizeof(myelin_policy), at least " + Number(sizeof(myelin_policy));
  }
  return "";
}

std::string AddPolicies(const myelin_plugin& entry, Plugin& plugin) {
  for (uint32_t i = 0; i < entry.policy_count; ++i) {
    const myelin_policy& policy = *MYELIN_AT(myelin_policy, entry.policies, entry.policy_stride, i);
    if (policy.struct_size < kPolicySize || policy.struct_size > entry.policy_stride) {
      return " is broken: struct_size of its policy " + Number(i + 1) + " is " + Number(policy.struct_size) +
             ", it should be sizeof(myelin_policy)";
    }
    if (std::string fault = AddPolicy(policy, i, plugin); !fault.empty()) return " is broken: " + fault;
  }
  return "";
}

}  // namespace

std::unique_ptr<Plugin> InspectPlugin(const myelin_plugin* entry, const std::string& file, std::string& why) {
  why = CheckEntry(entry);
  if (why.empty()) why = CheckEntryContents(*entry);
  auto plugin = std::make_unique<Plugin>();
  if (why.empty()) {
    plugin->file = file;
    plugin->name = entry->name;
    plugin->version = entry->version;
    plugin->vendor = entry->vendor;
    plugin->license = entry->license != nullptr ? entry->license : "";
    plugin->abi_major = entry->abi_major;
    plugin->abi_minor = entry->abi_minor;
    why = AddPolicies(*entry, *plugin);
  }
  if (why.empty()) return plugin;
  why = file + why;
  return nullptr;
}

std::unique_ptr<Plugin> InspectLibrary(const Library& library, const std::string& file, std::string& why) {
  using Entry = const myelin_plugin* (*)();
  const auto entry = reinterpret_cast<Entry>(library.Symbol(MYELIN_ENTRY_SYMBOL));
  if (entry == nullptr) {
    const std::string other = OtherMajor(library);
    why = file + (other.empty() ? " is not a Myelin plugin: it does not export " MYELIN_ENTRY_SYMBOL : other);
    return nullptr;
  }
  const myelin_plugin* answer = nullptr;
  try {
    answer = entry();
  } catch (...) {
    why = file + " is broken: its " MYELIN_ENTRY_SYMBOL " threw an exception";
    return nullptr;
  }
  auto plugin = InspectPlugin(answer, file, why);
  if (!plugin) return nullptr;
  plugin->hash = library.hash();
  for (const auto& policy : plugin->policies) policy->hash = library.hash();
  return plugin;
}

}  // namespace myelin
