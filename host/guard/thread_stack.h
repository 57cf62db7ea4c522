// SPDX-License-Identifier: Apache-2.0
//
// Where another thread is: its stack, taken by a signal handler on that thread, as text. For the watchdog.
#pragma once

#include <pthread.h>

#include <string>

namespace myelin {

/// Installs the handler. Once, before any thread is asked.
void PrepareThreadStacks();

/// "hanging.so Hang+0x12 < hanging.so +0x1139 < myelin +0x4711", innermost first, down to the first frame of the host;
/// or why there is none. Only one thread may ask at a time. SIGURG interrupts `thread` for it.
std::string StackOf(pthread_t thread);

}  // namespace myelin
