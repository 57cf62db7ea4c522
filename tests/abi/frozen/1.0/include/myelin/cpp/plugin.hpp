// SPDX-License-Identifier: Apache-2.0
//
// The entry of a plugin written in C++. Once per plugin, at namespace scope, in one file:
//   MYELIN_PLUGIN("name", "1.0.0", "vendor", myelin::sdk::Balancer<P>("name_in_yaml", "A sentence.", kOptions));
// with one row per policy. All of it is constant data; nothing runs when the plugin is loaded.
#ifndef MYELIN_CPP_PLUGIN_HPP
#define MYELIN_CPP_PLUGIN_HPP

#include <myelin/plugin.h>

namespace myelin::sdk::detail {

template <uint32_t kCount>
constexpr myelin_plugin Describe(const char* name, const char* version, const char* vendor, const char* license,
                                 const myelin_policy (&policies)[kCount]) noexcept {
  myelin_plugin plugin{};
  plugin.magic = MYELIN_MAGIC;
  plugin.struct_size = sizeof(myelin_plugin);
  plugin.abi_major = MYELIN_ABI_MAJOR;
  plugin.abi_minor = MYELIN_ABI_MINOR;
  plugin.name = name;
  plugin.version = version;
  plugin.vendor = vendor;
  plugin.license = license;
  plugin.policies = policies;
  plugin.policy_count = kCount;
  plugin.policy_stride = sizeof(myelin_policy);
  return plugin;
}

}  // namespace myelin::sdk::detail

/// As MYELIN_PLUGIN, with a licence: an SPDX expression.
#define MYELIN_LICENSED_PLUGIN(name, version, vendor, license, ...)                         \
  MYELIN_EXPORT const myelin_plugin* myelin_plugin_v1(void) {                               \
    static constexpr myelin_policy kPolicies[] = {__VA_ARGS__};                             \
    static constexpr myelin_plugin kPlugin =                                                \
        ::myelin::sdk::detail::Describe((name), (version), (vendor), (license), kPolicies); \
    return &kPlugin;                                                                        \
  }                                                                                         \
  static_assert(true, "takes a semicolon")

/// Defines the plugin's entry: its name, version, vendor, and one row per policy.
#define MYELIN_PLUGIN(name, version, vendor, ...) MYELIN_LICENSED_PLUGIN(name, version, vendor, nullptr, __VA_ARGS__)

#endif
