// SPDX-License-Identifier: Apache-2.0
#include "plugin/vtable.h"

#include <algorithm>
#include <cstring>

namespace myelin {
namespace {

template <typename Table>
Table Copy(const void* functions) {
  uint32_t size = 0;
  std::memcpy(&size, functions, sizeof(size));
  Table table{};
  std::memcpy(&table, functions, std::min<size_t>(size, sizeof(Table)));
  table.struct_size = sizeof(Table);
  return table;
}

void NoDestroy(void*) {}
void NoDestroyShard(void*, void*) {}
void NoRelease(void*, void*) {}
void NoDone(void*, const myelin_call_result*, uint32_t, uint32_t) {}
void NoTick(void*, const myelin_pool_view*, myelin_tick*) {}
uint32_t AnyNumberOfWorkers(void*) { return 0; }
int32_t NoUpdate(void*, const myelin_snapshot*, void**, myelin_error*) { return MYELIN_OK; }

int32_t InstanceAsShard(void* instance, uint32_t, void** shard, myelin_error*) {
  *shard = instance;
  return MYELIN_OK;
}

template <typename Table>
void FillLife(Table& table) {
  if (table.destroy == nullptr) table.destroy = NoDestroy;
  // Without create_shard the shard is the instance, which destroy_shard must not be handed.
  if (table.create_shard == nullptr) table.destroy_shard = nullptr;
  if (table.create_shard == nullptr) table.create_shard = InstanceAsShard;
  if (table.destroy_shard == nullptr) table.destroy_shard = NoDestroyShard;
}

}  // namespace

myelin_balancer CopyBalancer(const void* functions) { return Copy<myelin_balancer>(functions); }
myelin_pool CopyPool(const void* functions) { return Copy<myelin_pool>(functions); }
myelin_limiter CopyLimiter(const void* functions) { return Copy<myelin_limiter>(functions); }

void FillGaps(myelin_balancer& table) {
  FillLife(table);
  if (table.update == nullptr) table.update = NoUpdate;
  if (table.release == nullptr) table.release = NoRelease;
  if (table.done == nullptr) table.done = NoDone;
}

void FillGaps(myelin_pool& table) {
  FillLife(table);
  if (table.max_workers == nullptr) table.max_workers = AnyNumberOfWorkers;
  if (table.tick == nullptr) table.tick = NoTick;
}

void FillGaps(myelin_limiter& table) {
  FillLife(table);
  if (table.done == nullptr) table.done = NoDone;
}

}  // namespace myelin
