// SPDX-License-Identifier: Apache-2.0
//
// A policy on trial beside another of its kind, and the trial. Made on the control thread.
#pragma once

#include <memory>

#include "guard/trial.h"
#include "policy/instance.h"

namespace myelin {

/// `policy` is nullptr where nothing is tried.
template <typename Functions>
struct Candidate {
  std::shared_ptr<PolicyInstance<Functions>> policy;
  std::shared_ptr<Trial> trial;

  explicit operator bool() const { return policy != nullptr; }
  bool operator==(const Candidate&) const = default;
};

}  // namespace myelin
