// SPDX-License-Identifier: Apache-2.0
//
// A built plugin opened with dlopen, and a policy instance made through its C table, as the host would. Owned by the
// test; the library is never closed, as in the host.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <myelin/myelin.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

#include "plugins/support/fake_host.h"
#include "plugins/support/fake_options.h"

namespace myelin::test {

// Opens build/plugins/myelin_NAME.so. Throws when it is missing or has no entry.
inline const myelin_plugin& OpenPlugin(const std::string& name) {
  const std::string path = std::string(MYELIN_BUILD_DIR) + "/plugins/myelin_" + name + ".so";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  void* entry = dlsym(library, MYELIN_ENTRY_SYMBOL);
  if (entry == nullptr) throw std::runtime_error(path + " exports no " MYELIN_ENTRY_SYMBOL);
  return *reinterpret_cast<const myelin_plugin* (*)()>(entry)();
}

// The policy `name` of a plugin. Throws when there is none.
inline const myelin_policy& FindPolicy(const myelin_plugin& plugin, std::string_view name) {
  for (uint32_t i = 0; i < plugin.policy_count; ++i) {
    const auto* policy = MYELIN_AT(myelin_policy, plugin.policies, plugin.policy_stride, i);
    if (policy->name == name) return *policy;
  }
  throw std::runtime_error("no policy " + std::string(name));
}

// Expects the entry data that every plugin of this tree has, and one policy called as the plugin.
inline void CheckEntry(const myelin_plugin& plugin, const std::string& name, const std::string& interface_id) {
  EXPECT_EQ(plugin.magic, MYELIN_MAGIC);
  EXPECT_GE(plugin.struct_size, sizeof(myelin_plugin));
  EXPECT_EQ(plugin.abi_major, MYELIN_ABI_MAJOR);
  EXPECT_LE(plugin.abi_minor_needed, plugin.abi_minor);
  EXPECT_STREQ(plugin.name, name.c_str());
  EXPECT_STREQ(plugin.license, "Apache-2.0");
  EXPECT_STRNE(plugin.version, "");
  const myelin_policy& policy = FindPolicy(plugin, name);
  EXPECT_EQ(policy.interface_id, interface_id);
  EXPECT_STRNE(policy.doc, "");
  ASSERT_NE(policy.functions, nullptr);
  CheckTable(policy);
}

// An instance of a policy with one shard. Table is myelin_balancer, myelin_pool or myelin_limiter.
template <typename Table>
class Policy {
 public:
  explicit Policy(const std::string& name, const Fields& given = {})
      : Policy(FindPolicy(OpenPlugin(name), name), given) {}
  Policy(const myelin_policy& policy, const Fields& given) : table(*static_cast<const Table*>(policy.functions)) {
    const FakeOptions options(policy, given);
    std::array<char, 512> buffer{};
    myelin_error error{sizeof(error), 0, buffer.data(), buffer.size(), 0};
    code = table.create(host.get(), options.get(), &instance_, &error);
    if (code == MYELIN_OK && table.create_shard != nullptr) code = table.create_shard(instance_, 0, &shard_, &error);
    message.assign(buffer.data(), error.size);
  }
  ~Policy() {
    if (shard_ != nullptr && table.destroy_shard != nullptr) table.destroy_shard(instance_, shard_);
    if (instance_ != nullptr && table.destroy != nullptr) table.destroy(instance_);
  }
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  void* instance() const { return instance_; }
  // What the [worker] hooks are called with.
  void* shard() const { return shard_ != nullptr ? shard_ : instance_; }

  FakeHost host;
  const Table& table;
  int32_t code = MYELIN_OK;  // what create or create_shard answered
  std::string message;       // and the sentence, if it refused

 private:
  void* instance_ = nullptr;
  void* shard_ = nullptr;
};

}  // namespace myelin::test
