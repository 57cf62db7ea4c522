// SPDX-License-Identifier: Apache-2.0
//
// Puts one policy through what a proxy would ask of it, from several threads, and writes down what it sees. Runs in a
// child process: whatever the policy does to it, the parent has the report so far.
#pragma once

#include "plugin/options.h"
#include "plugin/plugin.h"
#include "plugin_check/check.h"
#include "plugin_check/wire.h"

namespace myelin {

/// What an exercise works on. Borrowed.
struct Exercise {
  const PolicyHandle& policy;
  const myelin_options* options;
  AllocationCounter allocations;
  ReportWriter& report;
};

void ExerciseBalancer(const Exercise& exercise);
void ExercisePool(const Exercise& exercise);
void ExerciseLimiter(const Exercise& exercise);

}  // namespace myelin
