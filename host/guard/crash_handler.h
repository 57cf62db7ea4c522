// SPDX-License-Identifier: Apache-2.0
//
// When the process crashes, says on standard error and in the crash file which policy's hook the thread was in, and
// then lets the process die as it would have.
#pragma once

namespace myelin {

class HookSite;

/// From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT are told of; `descriptor` is the crash file's, or -1.
/// A handler that was there before (a sanitizer's) is called afterwards.
void InstallCrashHandler(int descriptor);

/// [signal-safe] Appends an entry to the crash file: the policy of `site` and `how` it ended the process.
void NoteCrash(const HookSite& site, const char* how, int descriptor);

}  // namespace myelin
