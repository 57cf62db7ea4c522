// SPDX-License-Identifier: Apache-2.0
//
// What a worker lends to all that lives on it. Used on that worker only, but for `control` and `log`.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/control_thread.h"
#include "base/log.h"
#include "base/random.h"
#include "base/timer_wheel.h"
#include "upstream/connection.h"

namespace myelin {

struct WorkerContext {
  WorkerContext(uint32_t worker, ControlThread& control_thread, Logger& logger)
      : index(worker), random(MonotonicNow() ^ (uint64_t{worker} << 32)), control(control_thread), log(logger) {}

  uint32_t index;                    // among all workers of the process
  uint64_t now_ns = MonotonicNow();  // set by the worker whenever it wakes
  TimerWheel timers{now_ns};
  Random random;
  Connector* connector = nullptr;
  ControlThread& control;
  Logger& log;
};

}  // namespace myelin
