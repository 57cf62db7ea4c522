// SPDX-License-Identifier: Apache-2.0
//
// What must hold whatever the input: a fuzz target that finds it broken ends with a sentence, and libFuzzer keeps the
// input.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace myelin::frame::fuzz {

inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "expected %s\n", what);
  std::abort();
}

}  // namespace myelin::frame::fuzz
