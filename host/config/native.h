// SPDX-License-Identifier: Apache-2.0
//
// The native schema: a tree of the shape config.yaml has, read and checked into a Config. [control]
#pragma once

#include "base/diagnostics.h"
#include "config/config.h"

namespace myelin {

/// Reads and checks the whole tree; everything wrong goes to `diagnostics`, and what is wrong is left at its default in
/// the result. `effective` receives the tree with defaults filled in, in long form, each value with its origin.
Config ReadNative(const Node& root, Diagnostics& diagnostics, Node& effective);

}  // namespace myelin
