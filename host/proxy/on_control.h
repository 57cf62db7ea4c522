// SPDX-License-Identifier: Apache-2.0
//
// Runs a task on the control thread and waits for it, exceptions included.
#pragma once

#include <exception>

#include "base/control_thread.h"

namespace myelin {

/// Runs `task` on the control thread, where the ABI wants policies to be made, asked and destroyed; what it throws
/// comes out here.
template <typename Task>
void OnControl(ControlThread& control, const Task& task) {
  std::exception_ptr thrown;
  control.Run([&] {
    try {
      task();
    } catch (...) {
      thrown = std::current_exception();
    }
  });
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace myelin
