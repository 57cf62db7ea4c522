// SPDX-License-Identifier: Apache-2.0
//
// A balancer in C++ as the host meets it: through its table of functions.
#include <gmock/gmock.h>

#include <algorithm>

#include "sdk/fakes.h"

namespace myelin {
namespace {

const myelin_balancer& kBare = FunctionsOf<myelin_balancer>("bare");
const myelin_balancer& kFull = FunctionsOf<myelin_balancer>("full");
const myelin_balancer& kListening = FunctionsOf<myelin_balancer>("listening");

/// An instance of "full", its shard for worker 0, and a prepared snapshot of three endpoints.
class FullBalancer : public testing::Test {
 protected:
  explicit FullBalancer(const char* state = "warm") : options_({{"state", {state, {}}}}) {
    EXPECT_EQ(kFull.create(host_.raw(), options_.raw(), &instance_, &buffer_.error), MYELIN_OK);
    EXPECT_EQ(kFull.create_shard(instance_, 0, &shard_, &buffer_.error), MYELIN_OK);
    EXPECT_EQ(kFull.update(instance_, &endpoints_.snapshot, &endpoints_.snapshot.prepared, &buffer_.error), MYELIN_OK);
  }
  ~FullBalancer() override {
    kFull.destroy_shard(instance_, shard_);
    kFull.release(instance_, endpoints_.snapshot.prepared);
    kFull.destroy(instance_);
  }

  FakeHost host_;
  FakeOptions options_;
  ErrorBuffer buffer_;
  FakeSnapshot endpoints_{3};
  void* instance_ = nullptr;
  void* shard_ = nullptr;
};

int32_t CreateFull(const char* state, ErrorBuffer& buffer, void** instance) {
  const FakeHost host;
  const FakeOptions options({{"state", {state, {}}}});
  return kFull.create(host.raw(), options.raw(), instance, &buffer.error);
}

struct Thrown {
  const char* state;
  int32_t code;
  const char* message;

  friend std::ostream& operator<<(std::ostream& out, const Thrown& thrown) { return out << thrown.state; }
};

class WhatAConstructorThrows : public testing::TestWithParam<Thrown> {};

TEST_P(WhatAConstructorThrows, IsACodeAndAMessageAndNoInstance) {
  ErrorBuffer buffer;
  void* instance = &buffer;
  EXPECT_EQ(CreateFull(GetParam().state, buffer, &instance), GetParam().code);
  EXPECT_EQ(buffer.Message(), GetParam().message);
  EXPECT_EQ(instance, &buffer) << "left alone";
}

INSTANTIATE_TEST_SUITE_P(Balancer, WhatAConstructorThrows,
                         testing::Values(Thrown{"throw", MYELIN_ERROR_INTERNAL, "no state of that name"},
                                         Thrown{"throw int", MYELIN_ERROR_INTERNAL,
                                                "an exception that is not a std::exception"},
                                         Thrown{"throw code", MYELIN_ERROR_UNSUPPORTED, "not on this host"},
                                         Thrown{"throw invalid", MYELIN_ERROR_INVALID, "not that"},
                                         Thrown{"throw bad_alloc", MYELIN_ERROR_NO_MEMORY, "out of memory"}),
                         [](const testing::TestParamInfo<Thrown>& thrown) {
                           std::string name = thrown.param.state;
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

TEST(Balancer, LeavesOutWhatThePolicyDoesNotHave) {
  EXPECT_EQ(kBare.struct_size, sizeof(myelin_balancer));
  EXPECT_NE(kBare.create, nullptr);
  EXPECT_NE(kBare.destroy, nullptr);
  EXPECT_NE(kBare.pick, nullptr);
  EXPECT_EQ(kBare.create_shard, nullptr);
  EXPECT_EQ(kBare.destroy_shard, nullptr);
  EXPECT_EQ(kBare.update, nullptr);
  EXPECT_EQ(kBare.release, nullptr);
  EXPECT_EQ(kBare.done, nullptr);
  EXPECT_EQ(kBare.save, nullptr);
  EXPECT_EQ(kBare.load, nullptr);
}

TEST(Balancer, AnExceptionFromPickIsNoVerdict) {
  const FakeHost host;
  const FakeOptions options;
  void* instance = nullptr;
  ASSERT_EQ(kBare.create(host.raw(), options.raw(), &instance, nullptr), MYELIN_OK);
  const FakeSnapshot endpoints(1);
  myelin_call call{};
  call.attempt = 99;
  myelin_pick pick{};
  EXPECT_EQ(kBare.pick(instance, &endpoints.snapshot, &call, &pick), UINT32_MAX);
  call.attempt = 0;
  EXPECT_EQ(kBare.pick(instance, &endpoints.snapshot, &call, &pick), MYELIN_PICK) << "and the next pick is fine";
  kBare.destroy(instance);
}

TEST(Balancer, AnswersEachVerdictWithItsFields) {
  const FakeHost host;
  const FakeOptions options;
  void* instance = nullptr;
  ASSERT_EQ(kBare.create(host.raw(), options.raw(), &instance, nullptr), MYELIN_OK);
  const FakeSnapshot endpoints(1);
  myelin_call call{};
  myelin_pick pick{};
  call.attempt = 1;
  EXPECT_EQ(kBare.pick(instance, &endpoints.snapshot, &call, &pick), MYELIN_PICK_QUEUE);
  call.attempt = 2;
  EXPECT_EQ(kBare.pick(instance, &endpoints.snapshot, &call, &pick), MYELIN_PICK_FAIL);
  EXPECT_EQ(pick.status, MYELIN_GRPC_UNAVAILABLE);
  EXPECT_EQ(sdk::ToView(pick.message), "none");
  kBare.destroy(instance);
}

TEST(Balancer, WithoutAShardHearsOfUpdatesItself) {
  const FakeHost host;
  const FakeOptions options;
  void* instance = nullptr;
  ASSERT_EQ(kListening.create(host.raw(), options.raw(), &instance, nullptr), MYELIN_OK);
  const FakeSnapshot endpoints(1);
  void* prepared = nullptr;
  EXPECT_EQ(kListening.release, nullptr);
  EXPECT_EQ(kListening.update(instance, &endpoints.snapshot, &prepared, nullptr), MYELIN_OK);
  EXPECT_EQ(prepared, nullptr);
  const myelin_call call{};
  myelin_pick pick{};
  kListening.pick(instance, &endpoints.snapshot, &call, &pick);
  EXPECT_EQ(pick.token, endpoints.snapshot.version);
  kListening.destroy(instance);
}

TEST_F(FullBalancer, PicksFromWhatUpdatePrepared) {
  myelin_call call{};
  call.random = 2;
  myelin_pick pick{};
  EXPECT_EQ(kFull.pick(shard_, &endpoints_.snapshot, &call, &pick), MYELIN_PICK);
  EXPECT_EQ(pick.index, 2u);
  EXPECT_EQ(pick.token, 103'000u) << "the id of an endpoint behind two that are larger than this SDK knows them";
}

TEST_F(FullBalancer, GivesNoVerdictOnASnapshotThatWasNeverPrepared) {
  const FakeSnapshot unprepared(3);
  const myelin_call call{};
  myelin_pick pick{};
  EXPECT_EQ(kFull.pick(shard_, &unprepared.snapshot, &call, &pick), UINT32_MAX);
}

TEST_F(FullBalancer, AnExceptionFromUpdateIsAnErrorAndNothingPrepared) {
  FakeSnapshot none(1);
  none.snapshot.endpoint_count = 0;
  void* prepared = nullptr;
  EXPECT_EQ(kFull.update(instance_, &none.snapshot, &prepared, &buffer_.error), MYELIN_ERROR_INTERNAL);
  EXPECT_EQ(buffer_.Message(), "no endpoints");
  EXPECT_EQ(prepared, nullptr);
}

TEST_F(FullBalancer, AnExceptionFromMakeShardIsAnError) {
  void* shard = nullptr;
  EXPECT_EQ(kFull.create_shard(instance_, 99, &shard, &buffer_.error), MYELIN_ERROR_INTERNAL);
  EXPECT_EQ(buffer_.Message(), "no such worker");
  EXPECT_EQ(shard, nullptr);
}

TEST_F(FullBalancer, AShardThatWasNotMadeIsAnError) {
  void* shard = nullptr;
  EXPECT_EQ(kFull.create_shard(instance_, 100, &shard, &buffer_.error), MYELIN_ERROR_INTERNAL);
  EXPECT_EQ(buffer_.Message(), "MakeShard answered no shard");
}

TEST_F(FullBalancer, DoneSeesEachResultOfABatchByItsStride) {
  std::vector<Later<myelin_call_result>> results(3);
  for (uint64_t i = 0; i < 3; ++i) results[i].item.token = i + 1;
  kFull.done(shard_, &results[0].item, 3, sizeof(results[0]));
  const myelin_call call{};
  myelin_pick pick{};
  kFull.pick(shard_, &endpoints_.snapshot, &call, &pick);
  EXPECT_EQ(pick.token, 101'000u + 1 + 2 + 3);
}

TEST_F(FullBalancer, AnExceptionFromDoneEndsThere) {
  myelin_call_result result{};
  result.outcome = 99;
  kFull.done(shard_, &result, 1, sizeof(result));
  result = {};
  result.token = 4;
  kFull.done(shard_, &result, 1, sizeof(result));
  const myelin_call call{};
  myelin_pick pick{};
  kFull.pick(shard_, &endpoints_.snapshot, &call, &pick);
  EXPECT_EQ(pick.token, 101'004u) << "the next batch is heard";
}

TEST_F(FullBalancer, SavesWhatFits) {
  char buffer[4] = {};
  uint64_t size = 0;
  EXPECT_EQ(kFull.save(instance_, buffer, sizeof(buffer), &size), MYELIN_OK);
  EXPECT_EQ(std::string(buffer, size), "warm");
}

TEST_F(FullBalancer, SaysHowMuchRoomSavingNeeds) {
  char buffer[3] = {'#', '#', '#'};
  uint64_t size = 0;
  EXPECT_EQ(kFull.save(instance_, buffer, sizeof(buffer), &size), MYELIN_ERROR_NO_SPACE);
  EXPECT_EQ(size, 4u);
  EXPECT_EQ(std::string(buffer, 3), "###") << "nothing is written";
}

TEST_F(FullBalancer, LoadsWhatAnotherSaved) {
  EXPECT_EQ(kFull.load(instance_, "cold", 4, &buffer_.error), MYELIN_OK);
  char buffer[8] = {};
  uint64_t size = 0;
  EXPECT_EQ(kFull.save(instance_, buffer, sizeof(buffer), &size), MYELIN_OK);
  EXPECT_EQ(std::string(buffer, size), "cold");
}

TEST_F(FullBalancer, MayRefuseToLoad) {
  EXPECT_EQ(kFull.load(instance_, "v0", 2, &buffer_.error), MYELIN_ERROR_INTERNAL);
  EXPECT_EQ(buffer_.Message(), "v0 is too old");
}

TEST(Balancer, AnExceptionFromSaveIsAnError) {
  ErrorBuffer buffer;
  const FakeHost host;
  const FakeOptions options({{"state", {"unsaved", {}}}});
  void* instance = nullptr;
  ASSERT_EQ(kFull.create(host.raw(), options.raw(), &instance, &buffer.error), MYELIN_OK);
  uint64_t size = 0;
  EXPECT_EQ(kFull.save(instance, nullptr, 0, &size), MYELIN_ERROR_INTERNAL);
  kFull.destroy(instance);
}

TEST(Balancer, IsDestroyedWithItsHostStillThere) {
  FakeHost host;
  const FakeOptions options({{"state", {"x", {}}}});
  void* instance = nullptr;
  ASSERT_EQ(kFull.create(host.raw(), options.raw(), &instance, nullptr), MYELIN_OK);
  kFull.destroy(instance);
  EXPECT_THAT(host.logged, testing::ElementsAre("destroyed"));
}

}  // namespace
}  // namespace myelin
