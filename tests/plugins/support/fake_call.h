// SPDX-License-Identifier: Apache-2.0
//
// A call for a policy under test. Owned by the test, which may write the fields of `call` before each hook.
#pragma once

#include <myelin/call.h>

#include <cstddef>
#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace myelin::test {

class FakeCall {
 public:
  explicit FakeCall(std::string path = "/shop.v1.Cart/Get", uint64_t seed = 1) : random_(seed), path_(std::move(path)) {
    const size_t slash = path_.find('/', 1);
    call.struct_size = sizeof(call);
    call.now_ns = call.start_ns = 1'000'000'000'000;
    call.deadline_ns = MYELIN_NO_DEADLINE;
    call.random = random_();
    call.path = {path_.data(), path_.size()};
    call.service = {path_.data() + 1, slash - 1};
    call.method = {path_.data() + slash + 1, path_.size() - slash - 1};
    call.authority = {"test", 4};
    call.metadata_stride = sizeof(myelin_metadata);
  }
  FakeCall(const FakeCall&) = delete;
  FakeCall& operator=(const FakeCall&) = delete;

  // The call with fresh random bits, as the host hands it to each hook.
  const myelin_call* Next() {
    call.random = random_();
    return &call;
  }

  // The values that the call carries for the metadata key of `slot`.
  FakeCall& SetMetadata(uint32_t slot, const std::vector<std::string>& values) {
    while (slots_.size() <= slot) {
      slots_.push_back({});
      texts_.emplace_back();
      strings_.emplace_back();
    }
    texts_[slot] = values;
    strings_[slot].clear();
    for (const std::string& text : texts_[slot]) strings_[slot].push_back({text.data(), text.size()});
    slots_[slot].count = static_cast<uint32_t>(strings_[slot].size());
    slots_[slot].values = strings_[slot].data();
    call.metadata = slots_.data();
    call.metadata_count = static_cast<uint32_t>(slots_.size());
    return *this;
  }

  myelin_call call{};

 private:
  std::mt19937_64 random_;
  std::string path_;
  std::vector<myelin_metadata> slots_;
  std::deque<std::vector<std::string>> texts_;
  std::deque<std::vector<myelin_string>> strings_;
};

}  // namespace myelin::test
