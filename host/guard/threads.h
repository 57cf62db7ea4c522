// SPDX-License-Identifier: Apache-2.0
//
// The threads on which policies run, as the watchdog sees them. A thread enters itself and leaves when it ends.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "guard/hook_site.h"

namespace myelin {

/// One thread, and what the watchdog last saw it in. Used under HookSitesMutex.
struct GuardedThread {
  std::string name;
  bool is_worker = false;
  std::function<bool()> cut_off;  // empty: nothing can be done about it when it hangs
  pthread_t handle{};
  std::atomic<HookSite*>* current = nullptr;

  HookSite* site = nullptr;
  uint64_t calls = 0;
  uint64_t since_ns = 0;
  bool warned = false;
  bool stuck = false;
};

/// Enters this thread until it ends, and gives it a stack of its own for signal handlers. `cut_off` is called by the
/// watchdog when the thread hangs: it must take away from outside what the thread serves, and answers whether another
/// thread will serve in its place.
void GuardThisThread(const std::string& name, bool is_worker, std::function<bool()> cut_off = {});

/// All that have entered. Under HookSitesMutex.
std::vector<GuardedThread*>& GuardedThreads();

}  // namespace myelin
