// SPDX-License-Identifier: Apache-2.0
//
// A limiter in C++ as the host meets it: through its table of functions.
#include <gmock/gmock.h>

#include "sdk/fakes.h"

namespace myelin {
namespace {

const myelin_limiter& kBare = FunctionsOf<myelin_limiter>("bare_limiter");
const myelin_limiter& kFull = FunctionsOf<myelin_limiter>("full_limiter");

/// An instance of "full_limiter", which looks at the key in slot 1, and a call with two slots.
class FullLimiter : public testing::Test {
 protected:
  FullLimiter() {
    EXPECT_EQ(kFull.create(host_.raw(), FakeOptions().raw(), &instance_, nullptr), MYELIN_OK);
    slots_[0].item = {1, 0, &other_};
    call_.metadata = &slots_[0].item;
    call_.metadata_count = 2;
    call_.metadata_stride = sizeof(slots_[0]);
  }
  ~FullLimiter() override { kFull.destroy(instance_); }

  uint32_t AdmitWith(std::vector<std::string> values) {
    texts_ = std::move(values);
    strings_.clear();
    for (const std::string& text : texts_) strings_.push_back(sdk::ToString(text));
    slots_[1].item = {static_cast<uint32_t>(strings_.size()), 0, strings_.data()};
    return kFull.admit(instance_, &call_, &admit_);
  }

  FakeHost host_;
  void* instance_ = nullptr;
  myelin_string other_{"admit", 5};
  std::vector<std::string> texts_;
  std::vector<myelin_string> strings_;
  std::vector<Later<myelin_metadata>> slots_{2};
  myelin_call call_{};
  myelin_admit admit_{};
};

TEST(Limiter, LeavesOutWhatThePolicyDoesNotHave) {
  EXPECT_EQ(kBare.struct_size, sizeof(myelin_limiter));
  EXPECT_NE(kBare.admit, nullptr);
  EXPECT_EQ(kBare.done, nullptr);
  EXPECT_EQ(kBare.create_shard, nullptr);
  EXPECT_EQ(kBare.save, nullptr);
}

TEST(Limiter, FailsClosedOnlyIfItSaysSo) {
  EXPECT_EQ(kBare.flags, 0u);
  EXPECT_EQ(kFull.flags, MYELIN_LIMITER_FAIL_CLOSED);
}

TEST_F(FullLimiter, AsksForItsKeysWhenItIsMade) { EXPECT_THAT(host_.wanted, testing::ElementsAre("x-other", "x-say")); }

TEST_F(FullLimiter, ReadsAllValuesOfTheKeyInItsSlot) {
  EXPECT_EQ(AdmitWith({"nothing", "admit"}), MYELIN_ADMIT);
  EXPECT_EQ(admit_.token, 11u);
}

TEST_F(FullLimiter, DelaysByATime) {
  EXPECT_EQ(AdmitWith({"delay"}), MYELIN_ADMIT_DELAY);
  EXPECT_EQ(admit_.delay_ns, 5000u);
  EXPECT_EQ(admit_.token, 12u);
}

TEST_F(FullLimiter, RejectsWithStatusMessageAndPushback) {
  EXPECT_EQ(AdmitWith({}), MYELIN_ADMIT_REJECT);
  EXPECT_EQ(admit_.status, MYELIN_GRPC_PERMISSION_DENIED);
  EXPECT_EQ(sdk::ToView(admit_.message), "say so");
  EXPECT_EQ(admit_.pushback_ms, MYELIN_PUSHBACK_STOP);
  EXPECT_EQ(host_.cell, 1u) << "counted in its metric";
}

TEST_F(FullLimiter, AnExceptionFromAdmitIsNoVerdict) { EXPECT_EQ(AdmitWith({"throw"}), UINT32_MAX); }

TEST_F(FullLimiter, HearsOfCallsThatEnded) {
  const std::vector<myelin_call_result> results(3);
  kFull.done(instance_, results.data(), 3, sizeof(results[0]));
  EXPECT_EQ(host_.cell, 300u);
}

}  // namespace
}  // namespace myelin
