// SPDX-License-Identifier: Apache-2.0
//
// What policies live in, for tests of all layers from policy/ to proxy/: control thread, log, metrics; and policies in
// this process, whose ABI functions lead to GoogleMock objects. Owned by the test, used on its thread.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "plugin/catalog.h"
#include "plugin/vtable.h"
#include "policy/instance.h"
#include "policy/shard.h"

namespace myelin::test {

/// A log in a file of its own, written at once.
class TestLog {
 public:
  TestLog() : path_((std::filesystem::temp_directory_path() / "myelin_core_XXXXXX").string()) {
    const int fd = ::mkstemp(path_.data());
    if (fd < 0) std::abort();
    ::close(fd);
    LogOptions options;
    options.level = LogLevel::kDebug;
    options.file.path = path_;
    options.queue_lines = 0;
    log_ = std::make_unique<Logger>(options);
  }
  ~TestLog() {
    log_.reset();
    std::filesystem::remove(path_);
  }
  TestLog(const TestLog&) = delete;
  TestLog& operator=(const TestLog&) = delete;

  Logger& get() { return *log_; }
  std::string Text() {
    log_->Flush();
    std::ifstream in(path_);
    return (std::ostringstream() << in.rdbuf()).str();
  }

 private:
  std::string path_;
  std::unique_ptr<Logger> log_;
};

class MockBalancer {
 public:
  MOCK_METHOD(uint32_t, Pick, (const myelin_snapshot&, const myelin_call&, myelin_pick&));
  MOCK_METHOD(void, Done, (const myelin_call_result&));
  MOCK_METHOD(int32_t, Update, (const myelin_snapshot&, void**));
  MOCK_METHOD(void, Release, (void*));
  MOCK_METHOD(void, Destroy, ());
};

class MockPool {
 public:
  MOCK_METHOD(uint32_t, Acquire, (const myelin_pool_view&, const myelin_call&, myelin_acquire&));
  MOCK_METHOD(void, Tick, (const myelin_pool_view&, myelin_tick&));
};

class MockLimiter {
 public:
  MOCK_METHOD(uint32_t, Admit, (const myelin_call&, myelin_admit&));
  MOCK_METHOD(void, Done, (const myelin_call_result&));
};

namespace detail {

// `create` gets no argument of ours, so the mock of the instance to come is left here.
template <typename Mock>
Mock*& Next() {
  static Mock* next = nullptr;
  return next;
}

template <typename Mock>
int32_t Create(const myelin_host*, const myelin_options*, void** instance, myelin_error*) {
  *instance = Next<Mock>();
  return MYELIN_OK;
}

template <typename Mock>
void EachDone(void* shard, const myelin_call_result* results, uint32_t count, uint32_t stride) {
  for (uint32_t i = 0; i < count; ++i) {
    static_cast<Mock*>(shard)->Done(*MYELIN_AT(myelin_call_result, results, stride, i));
  }
}

}  // namespace detail

inline myelin_balancer MockTable(MockBalancer& mock) {
  detail::Next<MockBalancer>() = &mock;
  myelin_balancer table{};
  table.struct_size = sizeof(table);
  table.create = detail::Create<MockBalancer>;
  table.destroy = [](void* self) { static_cast<MockBalancer*>(self)->Destroy(); };
  table.update = [](void* self, const myelin_snapshot* snapshot, void** prepared, myelin_error* error) {
    const int32_t code = static_cast<MockBalancer*>(self)->Update(*snapshot, prepared);
    constexpr std::string_view kWhy = "the mock says no";
    if (code != MYELIN_OK) error->size = kWhy.copy(error->message, error->capacity);
    return code;
  };
  table.release = [](void* self, void* prepared) { static_cast<MockBalancer*>(self)->Release(prepared); };
  table.pick = [](void* self, const myelin_snapshot* snapshot, const myelin_call* call, myelin_pick* out) {
    return static_cast<MockBalancer*>(self)->Pick(*snapshot, *call, *out);
  };
  table.done = detail::EachDone<MockBalancer>;
  return table;
}

inline myelin_pool MockTable(MockPool& mock) {
  detail::Next<MockPool>() = &mock;
  myelin_pool table{};
  table.struct_size = sizeof(table);
  table.create = detail::Create<MockPool>;
  table.acquire = [](void* self, const myelin_pool_view* view, const myelin_call* call, myelin_acquire* out) {
    return static_cast<MockPool*>(self)->Acquire(*view, *call, *out);
  };
  table.tick = [](void* self, const myelin_pool_view* view, myelin_tick* out) {
    static_cast<MockPool*>(self)->Tick(*view, *out);
  };
  return table;
}

inline myelin_limiter MockTable(MockLimiter& mock) {
  detail::Next<MockLimiter>() = &mock;
  myelin_limiter table{};
  table.struct_size = sizeof(table);
  table.create = detail::Create<MockLimiter>;
  table.admit = [](void* self, const myelin_call* call, myelin_admit* out) {
    return static_cast<MockLimiter*>(self)->Admit(*call, *out);
  };
  table.done = detail::EachDone<MockLimiter>;
  return table;
}

template <typename Functions>
constexpr PolicyKind kKindOf = PolicyKind::kBalancer;
template <>
inline constexpr PolicyKind kKindOf<myelin_pool> = PolicyKind::kPool;
template <>
inline constexpr PolicyKind kKindOf<myelin_limiter> = PolicyKind::kLimiter;

/// Surroundings and handles of policies. Instances made here must be gone before it is.
class PolicyWorld {
 public:
  explicit PolicyWorld(std::string proxy = "orders") : proxy_(std::move(proxy)) {}

  PolicyEnvironment Environment() { return {proxy_, 2, &keys, &control, &metrics, &log.get(), guards}; }

  /// A handle of a table in this process.
  template <typename Functions>
  const PolicyHandle& Handle(std::string name, Functions table) {
    auto handle = std::make_unique<PolicyHandle>();
    handle->kind = kKindOf<Functions>;
    handle->name = std::move(name);
    if constexpr (requires { table.done; }) handle->has_done = table.done != nullptr;
    if constexpr (requires { table.tick; }) handle->has_tick = table.tick != nullptr;
    FillGaps(table);
    handle->functions = table;
    return *handles_.emplace_back(std::move(handle));
  }

  /// An instance with the options `written`; fails the test when it is refused.
  template <typename Functions>
  std::shared_ptr<PolicyInstance<Functions>> Create(const PolicyHandle& handle, const Node& written = Node{}) {
    Diagnostics diagnostics;
    CheckedOptions options;
    EXPECT_TRUE(CheckOptions(handle.options, written, diagnostics, options));
    std::shared_ptr<PolicyInstance<Functions>> made =
        PolicyInstance<Functions>::Create(handle, options, Environment(), Origin{"test"}, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.all()) ADD_FAILURE() << diagnostic.ToString();
    return made;
  }
  template <typename Functions>
  std::shared_ptr<PolicyInstance<Functions>> Create(std::string name, Functions table) {
    return Create<Functions>(Handle(std::move(name), table));
  }

  /// The policy of a plugin file: "strict" of the build's plugins, or a path.
  template <typename Functions>
  std::shared_ptr<PolicyInstance<Functions>> Load(const std::string& name, const Node& written = Node{}) {
    Diagnostics diagnostics;
    const PolicyHandle* handle = catalog_.Find(kKindOf<Functions>, name, Origin{"test"}, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.all()) ADD_FAILURE() << diagnostic.ToString();
    return handle == nullptr ? nullptr : Create<Functions>(*handle, written);
  }

  /// Waits until the control thread has done all that was posted before.
  void Settle() {
    control.Run([] {});
  }

  TestLog log;
  MetricCells metrics;
  MetadataKeys keys;
  ControlThread control;
  GuardSettings guards;

 private:
  std::string proxy_;
  std::vector<std::unique_ptr<PolicyHandle>> handles_;
  Catalog catalog_{{std::string(MYELIN_BUILD_DIR) + "/plugins"}};
};

/// `{key: value, …}` as a user writes a policy's options.
inline Node OptionsOf(std::initializer_list<std::pair<std::string, std::string>> pairs) {
  Node map = Node::Map(Origin{"test"});
  for (const auto& [key, value] : pairs) map.Set(key, Node::Scalar(value, Origin{"test"}));
  return map;
}

}  // namespace myelin::test
