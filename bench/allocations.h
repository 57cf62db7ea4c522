// SPDX-License-Identifier: Apache-2.0
//
// Counts what a thread takes from the heap, whoever asks: host, library or plugin. The program's own malloc stands
// before the C library's, and operator new calls it too. glibc only.
#pragma once

#include <cstdint>

namespace myelin::bench {

/// Allocations of the calling thread since it began.
uint64_t Allocations();

}  // namespace myelin::bench
