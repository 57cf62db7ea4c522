// SPDX-License-Identifier: Apache-2.0
//
// Endpoints, connections and calls to show to a policy under check. Every array is laid out as a newer host would: its
// elements lie further apart than this SDK's structs are long, with rubbish between, so that a policy that steps by its
// own sizeof and not by the stride gives itself away.
#pragma once

#include <myelin/myelin.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"

namespace myelin {

/// A struct of the ABI, and what a newer one might have behind it.
template <typename T>
struct Grown {
  T known{};
  std::array<unsigned char, 64> beyond;

  Grown() { beyond.fill(0xEE); }
};

/// An answer as a hook finds it: zeroed but for struct_size.
template <typename T>
T Answer() {
  T answer{};
  answer.struct_size = sizeof(answer);
  return answer;
}

/// A snapshot and all it points to. Its cells may be written by any thread.
class SyntheticEndpoints {
 public:
  SyntheticEndpoints(const std::vector<uint32_t>& weights, uint64_t version);
  SyntheticEndpoints(const SyntheticEndpoints&) = delete;
  SyntheticEndpoints& operator=(const SyntheticEndpoints&) = delete;

  myelin_snapshot& snapshot() { return snapshot_; }
  const myelin_endpoint& endpoint(uint32_t index) const { return slots_[index].known; }
  myelin_endpoint_cell& cell(uint32_t index) { return cells_[index]; }

 private:
  std::vector<std::string> addresses_;
  std::unique_ptr<myelin_endpoint_cell[]> cells_;
  std::vector<Grown<myelin_endpoint>> slots_;
  myelin_snapshot snapshot_{};
};

/// One worker's connections to an endpoint, in all states, some of them full.
class SyntheticConnections {
 public:
  SyntheticConnections(uint32_t count, const myelin_endpoint& endpoint, uint32_t worker, uint32_t workers,
                       Random& random);
  SyntheticConnections(const SyntheticConnections&) = delete;
  SyntheticConnections& operator=(const SyntheticConnections&) = delete;

  const myelin_pool_view& view() const { return view_; }

 private:
  std::vector<Grown<myelin_connection>> slots_;
  myelin_pool_view view_{};
};

/// A ring of calls, made beforehand so that showing the next costs next to nothing. Owned by one worker.
class SyntheticCalls {
 public:
  /// `key_count` metadata slots, each present in most calls.
  SyntheticCalls(size_t key_count, uint64_t seed);
  SyntheticCalls(const SyntheticCalls&) = delete;
  SyntheticCalls& operator=(const SyntheticCalls&) = delete;

  const myelin_call& Next() {
    myelin_call& call = calls_[next_++ % kCount];
    call.random = random_.Next();
    call.now_ns = call.start_ns = first_ns_ + next_ * kGapNs;
    return call;
  }

 private:
  static constexpr size_t kCount = 256;
  static constexpr uint64_t kGapNs = 1000;  // between calls, by their own clock

  void Fill(myelin_call& call, size_t index);

  std::vector<myelin_call> calls_;
  std::vector<std::array<myelin_string, 2>> values_;
  std::vector<Grown<myelin_metadata>> metadata_;
  size_t key_count_;
  Random random_;
  uint64_t first_ns_;
  size_t next_ = 0;
};

/// How a call might have ended.
Grown<myelin_call_result> SyntheticResult(uint64_t endpoint_id, uint64_t token, Random& random);

}  // namespace myelin
