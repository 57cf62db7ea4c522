// SPDX-License-Identifier: Apache-2.0
//
// A policy's instance and its shards, for the time of an exercise; made and ended in the order the ABI promises.
// Thread of the exercise.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "plugin_check/exercise.h"
#include "plugin_check/synthetic_host.h"

namespace myelin {

inline constexpr uint32_t kWorkers = 4;

/// The buffer that a control function writes its reason into.
class ErrorText {
 public:
  ErrorText() { abi_ = {sizeof(abi_), 0, buffer_.data(), buffer_.size(), 0}; }
  myelin_error* abi() { return &abi_; }
  /// "code -1: the reason".
  std::string Text(int32_t code) const;

 private:
  std::array<char, 1024> buffer_{};
  myelin_error abi_{};
};

template <typename Table>
class Instance {
 public:
  Instance(const Exercise& exercise, const Table& table) : table_(table), host_(kWorkers) {
    ErrorText error;
    exercise.report.Stage("create");
    int32_t code = table_.create(host_.abi(), exercise.options, &instance_, error.abi());
    if (code != MYELIN_OK) exercise.report.Error("create fails with " + error.Text(code));
    created_ = code == MYELIN_OK;
    exercise.report.Stage("create_shard");
    for (uint32_t worker = 0; created_ && worker < kWorkers; ++worker) {
      void* shard = nullptr;
      code = table_.create_shard(instance_, worker, &shard, error.abi());
      if (code != MYELIN_OK) {
        exercise.report.Error("create_shard fails with " + error.Text(code));
        break;
      }
      shards_.push_back(shard);
    }
    exercise.report.Stage("");
  }
  ~Instance() {
    for (void* shard : shards_) table_.destroy_shard(instance_, shard);
    if (created_) table_.destroy(instance_);
  }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  bool ready() const { return shards_.size() == kWorkers; }
  const Table& table() const { return table_; }
  SyntheticHost& host() { return host_; }
  void* get() const { return instance_; }
  void* shard(uint32_t worker) const { return shards_[worker]; }

 private:
  const Table& table_;
  SyntheticHost host_;
  void* instance_ = nullptr;
  bool created_ = false;
  std::vector<void*> shards_;
};

/// Saves the state of an instance and loads it into a fresh one, if the policy carries state over at all.
template <typename Table>
void ExerciseState(const Exercise& exercise, Instance<Table>& instance) {
  const Table& table = instance.table();
  if (table.save == nullptr) return;
  exercise.report.Stage("save");
  uint64_t size = 0;
  int32_t code = table.save(instance.get(), nullptr, 0, &size);
  std::vector<unsigned char> bytes(size);
  if (code == MYELIN_ERROR_NO_SPACE) code = table.save(instance.get(), bytes.data(), bytes.size(), &size);
  if (code != MYELIN_OK || size > bytes.size()) {
    exercise.report.Error("save fails with code " + std::to_string(code) +
                          " although the buffer has the size it asked for");
    return;
  }
  Instance<Table> heir(exercise, table);
  if (table.load == nullptr || !heir.ready()) return;
  exercise.report.Stage("load");
  ErrorText error;
  code = table.load(heir.get(), bytes.data(), size, error.abi());
  if (code != MYELIN_OK) exercise.report.Error("load refuses what save has just written, with " + error.Text(code));
}

}  // namespace myelin
